/** A real server of the default models, in this process, for commands to talk to. */
import { defaultModels } from '../../../src/config/default-models.js';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { serverConfigSchema } from '../../../src/models/server-config.js';
import { startServer } from '../../../src/server/start-server.js';

export interface Served extends AsyncDisposable {
  grpcPort: number;
  httpPort: number;
  /** `host:port` and URL, as commands take them. */
  endpoint: string;
  restUrl: string;
}

/** All default models, or those of these names. */
export async function serveDefaults(...names: string[]): Promise<Served> {
  const all = modelConfigSchema.array().parse(defaultModels);
  const models = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  const options = { version: '1.2.3', host: '127.0.0.1', grpcPort: 0, httpPort: 0, models };
  const { grpcPort, httpPort, close } = await startServer(serverConfigSchema.parse(options));
  return {
    grpcPort,
    httpPort,
    endpoint: `127.0.0.1:${grpcPort}`,
    restUrl: `http://127.0.0.1:${httpPort}`,
    [Symbol.asyncDispose]: close,
  };
}
