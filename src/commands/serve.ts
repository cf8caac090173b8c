/** `serve`: the server in this very process, in the foreground, with no engine. */
import { pathToFileURL } from 'node:url';
import { loadConfig } from '../config/load.js';
import { PortTakenError } from '../engine/engine.js';
import { serverBundlePath } from '../engine/process/server-bundle.js';
import { endpointAddresses } from '../environment/spec.js';
import type { ServerConfig } from '../protocol/server-config.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import { specOfConfig } from './spec-of-config.js';

/** What the server bundle exports; it is loaded by file name, since the server is a program of its own. */
interface ServerBundle {
  startServer(config: ServerConfig): Promise<{ grpcPort: number; httpPort: number; close(): Promise<void> }>;
}

export interface ServeReport {
  endpoints: { grpc: string; http: string };
  models: string[];
}

/**
 * Serves until the context's signal aborts, then closes gracefully.
 * @param onListening called once, when both ports are open
 * @throws PortTakenError, ConfigError
 */
export async function serve(
  options: CommonOptions & { onListening: (report: ServeReport) => void },
  { cwd, env, signal }: CommandContext,
): Promise<CommandResult<ServeReport>> {
  const { config } = await loadConfig({ cwd, env, flags: options.flags ?? {} });
  const { server } = specOfConfig(config, { source: 'none', id: '' });
  const port = (value: number | 'auto') => (value === 'auto' ? 0 : value);
  const { startServer } = (await import(pathToFileURL(serverBundlePath()).href)) as ServerBundle;
  const running = await startServer({
    ...server,
    host: '127.0.0.1',
    grpcPort: port(config.ports.grpc),
    httpPort: port(config.ports.http),
  }).catch((error: NodeJS.ErrnoException & { port?: number }) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new PortTakenError(error.port ?? port(config.ports.grpc), undefined, { cause: error });
  });
  const endpoints = endpointAddresses({ host: '127.0.0.1', ...running });
  const data = { endpoints, models: server.models.map(({ name }) => name) };
  options.onListening(data);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await running.close();
  return { data, warnings: [] };
}
