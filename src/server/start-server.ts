/** Starts a server inside this process: one data plane, gRPC and REST in front of it. */
import type { ServerConfig } from '../models/server-config.js';
import { createAccess } from './access.js';
import { createLocalControl, type LocalControl, type ServerControl } from './control.js';
import { createDataPlane } from './data-plane.js';
import { createExtensionPlane } from './extension-plane.js';
import { createFaultKeeper, type FaultKeeper, type FaultOrders, faultsTopic } from './faults/fault-keeper.js';
import { createFaultSite, type KeeperLink } from './faults/fault-site.js';
import { hasWrongCertificates, modelNamesOf } from './faults/keeper-facts.js';
import { startGrpcServer } from './grpc/grpc-server.js';
import { ListenError } from './listen-error.js';
import { createModelRepository } from './model-repository.js';
import type { MakeModel } from './model-version.js';
import { startRestServer } from './rest/rest-server.js';
import { type Logger, silentLogger } from './telemetry/logger.js';
import { createRequestCounts } from './telemetry/request-counts.js';
import { loadTls } from './tls/load-tls.js';
import type { ServerParts } from './transport.js';
import { defaultGraceMs, flushMs } from './waits.js';
import { within } from './within.js';

export interface StartServerOptions {
  /** Silent unless given. */
  log?: Logger;
  /** Makes models in another way than their configuration says. */
  makeModel?: MakeModel;
  /** Control of the whole server where this process is one of several workers. */
  control?: (local: LocalControl) => ServerControl;
  /** How models are loaded at the start where this process is one of several workers. */
  loads?: FirstLoads;
  /** The faults of the whole server where this process is one of several workers, which keeps none itself. */
  faults?: { link: KeeperLink; orders: FaultOrders };
}

/** The loads of a worker's start. */
export interface FirstLoads {
  /** Awaited before the ports are opened. */
  beforeListening(local: LocalControl): Promise<void>;
  /** Called when both ports are open. */
  afterListening(local: LocalControl): void;
}

export interface RunningServer extends AsyncDisposable {
  /** The ports that are listened on, chosen by the system where the configuration says 0. */
  readonly grpcPort: number;
  readonly httpPort: number;
  /**
   * Stops: no new calls, running inferences finish within `graceMs` (5,000 unless given), then every connection is cut,
   * whatever its client thinks of that. Further calls wait for the first.
   */
  close(graceMs?: number): Promise<void>;
  /** Whether it is ready, as ServerReady says it; with several workers, whether all of them are. */
  isReady(): Promise<boolean>;
  /** The server's faults; absent in one of several workers. */
  readonly faults?: FaultKeeper;
}

/**
 * Listens on both ports, then returns; `workers` of the configuration means nothing here. Throws ListenError where a port
 * cannot be had, with the other free again, ModelNameTakenError where two models claim one name, and ServerFileError for
 * a certificate, a key or a token that cannot be used.
 */
export async function startServer(config: ServerConfig, options: StartServerOptions = {}): Promise<RunningServer> {
  const log = options.log ?? silentLogger;
  const { host, version, limits, grpcPort, httpPort } = config;
  const guarded = { tls: config.tls && loadTls(config.tls), access: createAccess(config) };
  const repository = createModelRepository(config.models, options);
  const requests = createRequestCounts(log);
  const keeper = options.faults
    ? undefined
    : createFaultKeeper({
        models: modelNamesOf(config),
        log,
        publish: (orders) => local.broadcast(faultsTopic, orders),
        hasWrongCertificates: hasWrongCertificates(config),
      });
  const local = createLocalControl(repository, requests, keeper ?? (options.faults?.link as KeeperLink));
  const control = options.control?.(local) ?? local;
  const faults = createFaultSite({ repository, keeper: control.faults, headerAllowed: config.faultHeader });
  local.onBroadcast(faultsTopic, (orders) => faults.apply(orders as FaultOrders));
  const parts: ServerParts = {
    faults,
    extensions: createExtensionPlane(repository, control),
    dataPlane: createDataPlane({ version, repository, limits, log }),
    repository,
    control,
    requests,
    limits,
    log,
  };
  const { dataPlane } = parts;
  if (options.faults) await faults.apply(options.faults.orders);
  await keeper?.add(config.faults);
  await options.loads?.beforeListening(local);
  const grpc = await startGrpcServer({ host, port: grpcPort, ...guarded, ...parts }).catch((error: unknown) => {
    throw new ListenError('gRPC', host, grpcPort, error);
  });
  const rest = await startRestServer({ host, port: httpPort, ...guarded, ...parts }).catch((error: unknown) => {
    grpc.cut();
    throw new ListenError('REST', host, httpPort, error);
  });
  // Models load while both ports answer, so that a client sees them LOADING.
  if (options.loads) options.loads.afterListening(local);
  else void local.loadDeclared();

  const stop = async (graceMs: number): Promise<void> => {
    const ended = Promise.all([grpc.stop(), rest.stop()]);
    await within(graceMs, dataPlane.drain());
    await within(flushMs, ended);
    grpc.cut();
    rest.cut();
    await within(flushMs, Promise.all([ended, repository.close()]));
  };
  let closing: Promise<void> | undefined;
  const close = (graceMs = defaultGraceMs): Promise<void> => {
    keeper?.close();
    closing ??= stop(graceMs);
    return closing;
  };
  return {
    grpcPort: grpc.port,
    httpPort: rest.port,
    isReady: async () => dataPlane.serverReady(),
    close,
    ...(keeper && { faults: keeper }),
    [Symbol.asyncDispose]: () => close(),
  };
}
