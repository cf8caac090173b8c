/** The program of the server bundle: configuration from the environment, one server, a clean end. */
import { get } from 'node:http';
import type { ServerConfig } from '../models/server-config.js';
import { serverConfigSchema, serverConfigVariable } from '../models/server-config.js';
import type { RunningServer, StartServerOptions } from './start-server.js';
import { createLogger } from './telemetry/logger.js';

export { createLogger };

/**
 * Starts a server in the process that imports this bundle; see start-server.ts.
 * Loaded on demand, so that a health check does not pay for it.
 */
export async function startServer(config: ServerConfig, options?: StartServerOptions): Promise<RunningServer> {
  const module = await import('./start-server.js');
  return module.startServer(config, options);
}

const exitCodes = { stopped: 0, failed: 1, badConfig: 2 } as const;
const healthcheckTimeoutMs = 2_000;

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
  const survive = (kind: string) => (error: unknown) =>
    log.error(kind, { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.on('unhandledRejection', survive('unhandled rejection'));

  const stopped = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
    if (process.env[dieWithParentVariable] === '1' && process.send)
      process.on('disconnect', () => resolve('disconnect'));
  });
  let server: RunningServer;
  try {
    server = await startServer(config, { log });
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    process.exit(
      error instanceof Error && error.name === 'ModelNameTakenError' ? exitCodes.badConfig : exitCodes.failed,
    );
  }
  // Only from here on: an exception while starting must end the process.
  process.on('uncaughtException', survive('uncaught exception'));
  const { grpcPort, httpPort } = server;
  log.announce('server started', {
    version: config.version,
    models: config.models.map(({ name }) => name),
    grpcPort,
    httpPort,
    pid: process.pid,
  });
  const reason = await stopped;
  await server.close();
  log.announce('server stopped', { reason, pid: process.pid });
  process.exit(exitCodes.stopped);
}

/** Asks the server of the same configuration whether it is ready: the container's health check. */
function healthcheck({ httpPort }: ServerConfig): void {
  const request = get({ host: '127.0.0.1', port: httpPort, path: '/v2/health/ready', timeout: healthcheckTimeoutMs });
  request.on('response', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1));
  request.on('timeout', () => process.exit(1));
  request.on('error', () => process.exit(1));
}

/** True in the bundle when it is the program; false where another module imports it. */
const isProgram = typeof require !== 'undefined' && require.main === module;

if (isProgram) {
  const config = readConfig();
  if (!config) process.exitCode = exitCodes.badConfig;
  else if (process.argv.includes('--healthcheck')) healthcheck(config);
  else void serve(config);
}
