/** `serve`: the server in this very process, or its workers below it, in the foreground, with no engine. */
import { createRequire } from 'node:module';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { PortTakenError } from '../engine/engine.js';
import { withSources } from '../engine/files.js';
import { assertPortFree } from '../engine/port-check.js';
import { serverBundlePath } from '../engine/process/server-bundle.js';
import { type Access, accessFiles, type ClientAccess } from '../environment/access.js';
import { endpointAddresses } from '../environment/spec.js';
import type { ServerConfig } from '../models/server-config.js';
import type { CommandContext, CommonOptions } from './context.js';
import { passingAccess, shownAccess } from './environment-access.js';
import { makeServeControl } from './serve-control.js';
import { servedFiles } from './served-files.js';
import { specOfConfig } from './spec-of-config.js';

/** What the server bundle exports; it is loaded by file name, since the server is a program of its own. */
interface ServerBundle {
  startServer(
    config: ServerConfig,
    options: { log: unknown; onFailure: (error: Error) => void },
  ): Promise<RunningServer>;
  createLogger(options: { level: ServerConfig['logLevel']; write: (line: string) => void }): unknown;
}

interface RunningServer {
  grpcPort: number;
  httpPort: number;
  close(): Promise<void>;
}

/** Options of `serve`. */
export interface ServeOptions extends CommonOptions {
  /** Called once, when both ports are open. */
  onListening: (report: ServeReport) => void;
  /** Takes the server's log, a JSON line with its end of line at a time. */
  writeLog: (line: string) => void;
}

/** Where the server listens, and what it serves. */
export interface ServeReport {
  endpoints: { grpc: string; http: string };
  models: string[];
  /** Path of the control socket, for `kserve-env fault … --control PATH`. */
  control: string;
  /** Files that let clients in, as long as it serves; absent where everybody may come in plain text. */
  access?: ClientAccess;
}

/**
 * Serves until the context's signal aborts, then closes gracefully.
 * @throws PortTakenError, ConfigError, and an Error where workers end again and again as they start
 */
export async function serve(options: ServeOptions, context: CommandContext): Promise<void> {
  const { cwd, env, signal } = context;
  const loaded = await loadConfig({ cwd, env, flags: options.flags ?? {} });
  const { config } = loaded;
  const files = await servedFiles(loaded, { kind: 'process', endpoint: '' }, context);
  for (const port of Object.values(config.ports)) if (port !== 'auto') await assertPortFree(port, signal);
  const control = await makeServeControl();
  try {
    await using secrets = await passingAccess(loaded, context);
    const { access } = secrets;
    const spec = specOfConfig(config, files, { source: 'none', id: '' }, access);
    const served = [...files.files, ...accessFiles(access)];
    const server = JSON.parse(withSources(JSON.stringify(spec.server), served)) as ServerConfig;
    await serveUntilStopped({ config, server, control: control.path, access }, options, signal);
  } finally {
    control.remove();
  }
}

interface Served {
  config: Config;
  server: ServerConfig;
  control: string;
  access: Access | undefined;
}

async function serveUntilStopped(served: Served, options: ServeOptions, signal: AbortSignal): Promise<void> {
  const { server, control, access } = served;
  let fail = (_error: Error): void => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const running = await start(served, { writeLog: options.writeLog, onFailure: fail });
  try {
    const { grpcPort, httpPort } = running;
    const endpoints = endpointAddresses({ host: '127.0.0.1', grpcPort, httpPort }, access);
    const models = server.models.map(({ name }) => name);
    options.onListening({ endpoints, models, control, ...shownAccess(access) });
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([stopped, failed]);
  } finally {
    await running.close();
  }
}

interface StartOptions {
  writeLog: (line: string) => void;
  onFailure: (error: Error) => void;
}

async function start({ config, server, control }: Served, options: StartOptions): Promise<RunningServer> {
  const { startServer, createLogger } = createRequire(import.meta.url)(serverBundlePath()) as ServerBundle;
  const number = (port: number | 'auto') => (port === 'auto' ? 0 : port);
  const { grpc, http } = config.ports;
  try {
    // Nothing bounds the CPUs here, so that `auto` is left to the server.
    const { workers } = config.server;
    const ports = { grpcPort: number(grpc), httpPort: number(http) };
    const own = { ...server, ...ports, workers, host: '127.0.0.1', controlSocket: control };
    const log = createLogger({ level: server.logLevel, write: options.writeLog });
    return await startServer(own, { log, onFailure: options.onFailure });
  } catch (error) {
    // Free a moment ago, and taken since.
    const { name, port } = error as Error & { port?: number };
    throw name === 'ListenError' && port ? new PortTakenError(port, undefined, { cause: error }) : error;
  }
}
