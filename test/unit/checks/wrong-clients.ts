/** A real server, and clients that make it look wrong in one respect each: checks that cannot fail prove nothing. */
import type { CheckContext, CheckResult } from '../../../src/checks/check.js';
import { runChecks } from '../../../src/checks/runner.js';
import { smokeSuite } from '../../../src/checks/suites/smoke.js';
import { defaultModels } from '../../../src/config/default-models.js';
import { type ModelConfig, modelConfigSchema } from '../../../src/models/kinds.js';
import { serverConfigSchema } from '../../../src/models/server-config.js';
import type { InferCall, InferenceClient } from '../../../src/protocol/client.js';
import { createGrpcClient } from '../../../src/protocol/grpc-client.js';
import { createRestClient } from '../../../src/protocol/rest-client.js';
import type { InferResponse } from '../../../src/protocol/tensor.js';
import { startServer } from '../../../src/server/start-server.js';

export const allModels: ModelConfig[] = modelConfigSchema.array().parse(defaultModels);

/** The default FP64 scale model alone. */
export const scaler = allModels.filter(({ name }) => name === 'simple_scaler');

export interface Served extends AsyncDisposable {
  grpc: InferenceClient;
  rest: InferenceClient;
  addresses: { grpc: string; http: string };
}

export async function serve(models: ModelConfig[]): Promise<Served> {
  const options = { version: '1.2.3', host: '127.0.0.1', grpcPort: 0, httpPort: 0, models };
  const server = await startServer(serverConfigSchema.parse(options));
  const addresses = { grpc: `127.0.0.1:${server.grpcPort}`, http: `http://127.0.0.1:${server.httpPort}` };
  const grpc = createGrpcClient({ endpoint: addresses.grpc });
  const rest = createRestClient({ baseUrl: addresses.http });
  return {
    grpc,
    rest,
    addresses,
    async [Symbol.asyncDispose]() {
      await grpc[Symbol.asyncDispose]();
      await rest[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

/** What the suite finds, by way of what `change` makes of each client. */
export async function smokeThrough(
  { grpc, rest }: Served,
  models: ModelConfig[],
  change: (client: InferenceClient) => Partial<InferenceClient> = () => ({}),
): Promise<CheckResult[]> {
  const context: CheckContext = {
    grpc: { ...grpc, ...change(grpc) },
    rest: { ...rest, ...change(rest) },
    models,
    signal: new AbortController().signal,
  };
  return await runChecks(smokeSuite(models), context);
}

/** A change of every answer to an inference. */
export function answering(change: (answer: InferResponse, call: InferCall) => unknown) {
  return (client: InferenceClient): Partial<InferenceClient> => ({
    async infer(call, options) {
      const answer = await client.infer(call, options);
      change(answer, call);
      return answer;
    },
  });
}

/** The checks that failed. */
export const failures = (results: CheckResult[]): CheckResult[] => results.filter(({ status }) => status === 'failed');
