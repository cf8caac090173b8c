/** What the two transports share: the parts of the server behind them, and what a listening one can be told. */
import type { Limits } from '../models/limits.js';
import type { Access } from './access.js';
import type { ServerControl } from './control.js';
import type { DataPlane } from './data-plane.js';
import type { ExtensionPlane } from './extension-plane.js';
import type { FaultSite } from './faults/fault-site.js';
import type { ModelRepository } from './model-repository.js';
import type { Logger } from './telemetry/logger.js';
import type { RequestCounts } from './telemetry/request-counts.js';
import type { LoadedTls } from './tls/load-tls.js';

/** The server behind a transport. */
export interface ServerParts {
  dataPlane: DataPlane;
  extensions: ExtensionPlane;
  /** For the states of models; what changes them goes through `extensions`. */
  repository: ModelRepository;
  control: ServerControl;
  requests: RequestCounts;
  faults: FaultSite;
  limits: Limits;
  log: Logger;
}

export interface TransportOptions extends ServerParts {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  /** Plain text where undefined. */
  tls: LoadedTls | undefined;
  access: Access;
}

/** A listening transport. */
export interface RunningTransport {
  readonly port: number;
  /** Takes no new connections; settles when the last open one has ended by itself, which may be never. */
  stop(): Promise<void>;
  /** Cuts what is still open. */
  cut(): void;
}
