/** Runs the real server inside this process, behind the ports that clients dial. */
import { type PortHolder, type PortRequest, PortTakenError } from '../../src/engine/engine.js';
import { withSources } from '../../src/engine/files.js';
import { findPortHolder } from '../../src/engine/port-check.js';
import { serverConfigSchema, serverConfigVariable } from '../../src/models/server-config.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';
import { createLogger } from '../../src/server/telemetry/logger.js';
import { type Gate, openGate } from './gate.js';
import { close, end, type Held, write } from './held.js';

/** Who has a port in the engine itself. */
type HolderOf = (port: number) => Promise<PortHolder | undefined>;

/**
 * Starts the server of an environment, on the ports that it had before, if it had some.
 * @param neverReady nobody answers on its ports
 * @throws PortTakenError
 */
export async function runServer(entry: Held, neverReady: boolean, holderOf: HolderOf): Promise<void> {
  const { spec, gates: before } = entry;
  const port = (request: PortRequest) => (request === 'auto' ? 0 : request);
  const parsed = serverConfigSchema.safeParse({
    ...(JSON.parse(withSources(spec.env[serverConfigVariable] ?? '{}', spec.files ?? [])) as object),
    host: '127.0.0.1',
    grpcPort: 0,
    httpPort: 0,
    // It is asked without one, in here.
    controlSocket: undefined,
  });
  if (!parsed.success) {
    write(entry, { stream: 'stderr', line: parsed.error.message.replaceAll('\n', ' ') });
    end(entry, { exitCode: 2, oomKilled: false });
    return;
  }
  const log = createLogger({
    level: parsed.data.logLevel,
    write: (line) => write(entry, { stream: 'stdout', line: line.trimEnd() }),
  });
  const server = await startServer(parsed.data, { log });
  const grpc = await gateTo(before?.[0].port ?? port(spec.ports.grpc), server, server.grpcPort, holderOf);
  const http = await gateTo(before?.[1].port ?? port(spec.ports.http), server, server.httpPort, holderOf, grpc);
  Object.assign(entry, { server, gates: [grpc, http] });
  const { port: grpcPort } = grpc;
  const { port: httpPort } = http;
  entry.instance = { ...entry.instance, endpoints: { host: '127.0.0.1', grpcPort, httpPort } };
  if (neverReady) await close(entry, 0);
  else log.announce('server started', { grpcPort, httpPort });
}

async function gateTo(
  wanted: number,
  server: RunningServer,
  target: number,
  holderOf: HolderOf,
  opened?: Gate,
): Promise<Gate> {
  try {
    return await openGate(wanted, target);
  } catch (error) {
    await server.close(0);
    await opened?.shut();
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new PortTakenError(wanted, (await holderOf(wanted)) ?? (await findPortHolder(wanted)));
  }
}
