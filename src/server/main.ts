/** The program of the server bundle: configuration from the environment, one server, a clean end. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { ServerConfig } from '../models/server-config.js';
import { serverConfigSchema, serverConfigVariable } from '../models/server-config.js';
import type { FaultKeeper } from './faults/fault-keeper.js';
import { tuneHeap } from './heap.js';
import type { RunningServer, StartServerOptions } from './start-server.js';
import { createLogger, silentLogger } from './telemetry/logger.js';
import { logUncaught } from './telemetry/uncaught.js';
import { workerVariable } from './workers/messages.js';
import { workerCount } from './workers/worker-count.js';

export { createLogger };

export interface ProgramOptions extends Pick<StartServerOptions, 'log'> {
  /** Called where several workers end again and again as they start; the server is closed by then. */
  onFailure?: (error: Error) => void;
}

/**
 * Starts a server in the process that imports this bundle, or its primary where the configuration asks for several
 * workers; see start-server.ts and workers/primary.ts. Loaded on demand, so that nobody pays for what is not used.
 */
export async function startServer(config: ServerConfig, options: ProgramOptions = {}): Promise<RunningServer> {
  const server = await startProcesses(config, options);
  if (config.controlSocket === undefined || !server.faults) return server;
  try {
    return await withControl(server, server.faults, config.controlSocket, options);
  } catch (error) {
    await server.close(0);
    throw error;
  }
}

async function startProcesses(config: ServerConfig, options: ProgramOptions): Promise<RunningServer> {
  const workers = workerCount(config);
  if (workers === 1) {
    const module = await import('./start-server.js');
    return await module.startServer(config, options);
  }
  // Here, so that what is wrong with them is told once, before any worker is started, which all read them again.
  if (config.tls) (await import('./tls/load-tls.js')).loadTls(config.tls);
  if (config.tokenFile !== undefined) (await import('./access.js')).createAccess(config);
  const { startWorkers } = await import('./workers/primary.js');
  return await startWorkers(config, { log: silentLogger, ...options, bundle: __filename, workers });
}

/** The server, with a control socket that ends when it does. */
async function withControl(
  server: RunningServer,
  keeper: FaultKeeper,
  path: string,
  { log = silentLogger }: ProgramOptions,
): Promise<RunningServer> {
  const { openControlSocket } = await import('./faults/control-socket.js');
  const control = await openControlSocket(path, { keeper, isReady: server.isReady, log });
  const close = async (graceMs?: number): Promise<void> => {
    // First, so that nothing is ordered of a server that ends.
    await control.close();
    await server.close(graceMs);
  };
  return { ...server, close, [Symbol.asyncDispose]: () => close() };
}

const exitCodes = { stopped: 0, failed: 1, badConfig: 2 } as const;
/** Errors of a start that another configuration would not have, by their names. */
const configErrors = ['ModelNameTakenError', 'ServerFileError'];
const healthcheckTimeoutMs = 2_000;
/** A server of one process that is frozen answers when it is over, which may take longer. */
const controlTimeoutMs = 10_000;

/** Set by a parent process that wants the server to end with it. */
const dieWithParentVariable = 'KSERVE_ENV_DIE_WITH_PARENT';

/** One JSON line on stderr, for a start that failed. */
function complain(message: string): void {
  createLogger({ level: 'error', write: (line) => process.stderr.write(line) }).error(message);
}

function readConfig(): ServerConfig | undefined {
  const text = process.env[serverConfigVariable];
  if (text === undefined) {
    complain(`${serverConfigVariable} is not set; it must hold the server's configuration as JSON`);
    return undefined;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    complain(`${serverConfigVariable} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
  const parsed = serverConfigSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'configuration'}: ${message}`);
  complain(`${serverConfigVariable} cannot be used: ${issues.join('; ')}`);
  return undefined;
}

async function serve(config: ServerConfig): Promise<void> {
  const log = createLogger({ level: config.logLevel, write: (line) => process.stdout.write(line) });
  // A reader that went away must not take the server with it.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  logUncaught('unhandledRejection', log);

  let stopping = false;
  const stopped = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (stopping) process.exit(128 + constants.signals[signal]);
        stopping = true;
        resolve(signal);
      });
    }
    if (process.env[dieWithParentVariable] === '1' && process.send)
      process.on('disconnect', () => resolve('disconnect'));
    // Of a clock that nobody can set; nothing else keeps count of it, so the process may end before.
    if (config.ttlMs !== undefined) setTimeout(() => resolve('ttl'), config.ttlMs).unref();
  });
  const onFailure = (error: Error): void => {
    complain(error.message);
    process.exit(exitCodes.failed);
  };
  let server: RunningServer;
  try {
    server = await startServer(config, { log, onFailure });
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    process.exit(error instanceof Error && configErrors.includes(error.name) ? exitCodes.badConfig : exitCodes.failed);
  }
  // Only from here on: an exception while starting must end the process.
  logUncaught('uncaughtException', log);
  const begun = performance.now();
  const { grpcPort, httpPort } = server;
  log.announce('server started', {
    version: config.version,
    models: config.models.map(({ name }) => name),
    grpcPort,
    httpPort,
    pid: process.pid,
    workers: workerCount(config),
    limits: config.limits,
  });
  const reason = await stopped;
  await server.close();
  const seconds = Math.round(performance.now() - begun) / 1000;
  log.announce('server stopped', { reason, pid: process.pid, seconds });
  process.exit(exitCodes.stopped);
}

/**
 * Asks the server of the same configuration whether it is ready: the container's health check. By its control socket
 * where it has one: its port may be closed by a fault, which is what was ordered and no illness. Faults of state are
 * ready or not as ServerReady says, so that whoever waits for a healthy container meets what a client meets.
 */
async function healthcheck({ httpPort, controlSocket, tls, tokenFile }: ServerConfig): Promise<void> {
  if (controlSocket !== undefined) {
    const { askControl } = await import('./faults/control-socket.js');
    const answer = await askControl(controlSocket, '{"do":"ready"}', healthcheckTimeoutMs).catch(() => '');
    process.exit(answer === '{"ok":true,"ready":true}' ? 0 : 1);
  }
  const { get } = tls ? await import('node:https') : await import('node:http');
  const token = tokenFile && readFileSync(tokenFile, 'latin1').trim();
  const request = get({
    host: '127.0.0.1',
    port: httpPort,
    path: '/v2/health/ready',
    timeout: healthcheckTimeoutMs,
    headers: token ? { authorization: `Bearer ${token}` } : {},
    // It asks itself: the certificate is for the names of others, and good for a client, too, where those need one.
    ...(tls && { rejectUnauthorized: false, cert: readFileSync(tls.cert), key: readFileSync(tls.key) }),
  });
  request.on('response', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1));
  request.on('timeout', () => process.exit(1));
  request.on('error', () => process.exit(1));
}

/** Sends a line to the control socket of the server of the same configuration, and prints the line that it answers. */
async function control({ controlSocket }: ServerConfig, line: string): Promise<void> {
  try {
    if (controlSocket === undefined) throw new Error('The server has no control socket: controlSocket is not set');
    const { askControl } = await import('./faults/control-socket.js');
    const answer = await askControl(controlSocket, line, controlTimeoutMs);
    process.stdout.write(`${answer}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = exitCodes.failed;
  }
}

/** True in the bundle when it is the program; false where another module imports it. */
const isProgram = typeof require !== 'undefined' && require.main === module;

if (isProgram) tuneHeap();

if (isProgram && process.env[workerVariable] !== undefined && process.send) {
  void import('./workers/worker.js').then(({ runWorker }) => runWorker());
} else if (isProgram) {
  const config = readConfig();
  if (!config) process.exitCode = exitCodes.badConfig;
  else if (process.argv.includes('--healthcheck')) void healthcheck(config);
  else if (process.argv[2] === '--control') void control(config, process.argv[3] ?? '');
  else void serve(config);
}
