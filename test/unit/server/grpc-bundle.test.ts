import { describe, expect, it } from 'vitest';
import { createServiceClient, eventsOf, healthService, inferMessage, reflectionService } from './grpc-clients.js';
import { buildBundle, runProgram, withConfig } from './program-run.js';
import { config } from './serve.js';

describe("the server's bundle, which has no file beside it", () => {
  it('serves health and reflection of both versions, and compresses', async () => {
    await using bundle = await buildBundle();
    const program = runProgram(bundle.path, withConfig(config));
    const { grpcPort } = await program.says('server started');
    const endpoint = `127.0.0.1:${grpcPort}`;
    using health = createServiceClient(endpoint, healthService);
    expect(await health.unary('Check', {}, { deadline: Date.now() + 10_000 })).toEqual({ status: 'SERVING' });
    for (const version of ['v1', 'v1alpha'] as const) {
      using client = createServiceClient(endpoint, reflectionService(version));
      const stream = client.open('ServerReflectionInfo');
      const events = eventsOf(stream);
      for (const symbol of ['inference.ModelInferRequest', 'grpc.health.v1.Health', `grpc.reflection.${version}`]) {
        stream.write({ file_containing_symbol: symbol });
      }
      expect(await events.next()).toHaveProperty('file_descriptor_response');
      expect(await events.next()).toHaveProperty('file_descriptor_response');
      // A package is no symbol.
      expect(await events.next()).toHaveProperty('error_response');
      stream.end();
    }
    using client = createServiceClient(endpoint, undefined, { 'grpc.default_compression_algorithm': 2 });
    expect(await client.unary('ModelInfer', inferMessage('scaler', [4]))).toMatchObject({
      outputs: [{ contents: { fp64_contents: [8] } }],
    });
    program.child.kill('SIGTERM');
    expect((await program.ended).code).toBe(0);
  });
});
