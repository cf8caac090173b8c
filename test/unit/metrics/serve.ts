/** A real server in this process, and a client of it. */
import { defaultModels } from '../../../src/config/default-models.js';
import { type ModelConfig, modelConfigSchema } from '../../../src/models/kinds.js';
import { serverConfigSchema } from '../../../src/models/server-config.js';
import type { InferenceClient } from '../../../src/protocol/client.js';
import { createGrpcClient } from '../../../src/protocol/grpc-client.js';
import { startServer } from '../../../src/server/start-server.js';

export interface Served extends AsyncDisposable {
  grpc: InferenceClient;
  /** Ends the server; the client stays. */
  end(): Promise<void>;
}

/** Serves the default models unless others are given. */
export async function serve(models: ModelConfig[] = modelConfigSchema.array().parse(defaultModels)): Promise<Served> {
  const config = { version: '1.2.3', host: '127.0.0.1', grpcPort: 0, httpPort: 0, models };
  const server = await startServer(serverConfigSchema.parse(config));
  const grpc = createGrpcClient({ endpoint: `127.0.0.1:${server.grpcPort}` });
  return {
    grpc,
    end: () => server.close(),
    async [Symbol.asyncDispose]() {
      await grpc[Symbol.asyncDispose]();
      // Nobody waits for what is still being inferred.
      await server.close(0);
    },
  };
}
