/** What the primary and its workers say to each other, as plain data that survives JSON. */

import type { Fault } from '../../faults/fault.js';
import type { ServerConfig } from '../../models/server-config.js';
import { type GrpcStatus, OipError } from '../../protocol/status.js';
import type { WorkerCounts } from '../control.js';
import type { FaultOrders, StruckCall } from '../faults/fault-keeper.js';
import type { LoadPhase } from '../model-version.js';

/** Set in a worker's environment to its number, from 1 on; a worker that replaces another has the other's. */
export const workerVariable = 'KSERVE_ENV_WORKER';

/** An operation that every worker has to do, in the order in which the primary sends them. */
export type Order =
  | { kind: 'load'; model: string }
  | { kind: 'unload'; model: string }
  | { kind: 'broadcast'; topic: string; data: unknown };

/** What a worker is told first. */
export interface StartOrder {
  /** With the ports that all workers share; never 0. */
  config: ServerConfig;
  /** The faults that are in force. */
  faults: FaultOrders;
  /**
   * Set for a worker that replaces another: what was done since the start. It is done before the worker listens, so that
   * no client meets a state that the others have left.
   */
  replay?: Order[];
}

/** What loads of one version say to each other; see AgreeOnLoad. */
export interface Agreement {
  /** The operation that the load belongs to. */
  operation: number;
  /** Name and version of the model. */
  version: string;
  phase: LoadPhase;
  error?: WireError;
}

/** Number of the operation that loads the models at the start; others count from there. */
export const startOperation = 1;

/** Number that stands for what a replacing worker does alone, before it listens. */
export const replayOperation = 0;

/** What the primary asks of a worker. */
export interface WorkerMethods {
  /** Settles when both ports are listened on. */
  start(order: StartOrder): Promise<void>;
  operate(task: { operation: number; order: Order }): Promise<void>;
  counts(data: null): Promise<WorkerCounts>;
  ready(data: null): Promise<boolean>;
  /** Settles when the running inferences have ended, or the grace has. */
  close(data: { graceMs: number }): Promise<void>;
}

/** What a worker asks of the primary. */
export interface PrimaryMethods {
  /** Settles when every worker has done it. */
  operate(order: Order): Promise<void>;
  counts(data: null): Promise<WorkerCounts[]>;
  /** Settles when every worker is there. Rejects with the error of one that failed. */
  agree(agreement: Agreement): Promise<void>;
  /** Says that the loads of the start have ended here, well or not. */
  firstLoadsEnded(data: null): Promise<void>;
  /** The three of KeeperLink. */
  faultTicket(id: string): Promise<number>;
  faultStruck(strike: { id: string; call: StruckCall }): Promise<void>;
  faultHappen(fault: Fault<'crash' | 'memory-kill' | 'freeze'>): Promise<void>;
  log(line: LogLine): Promise<void>;
}

export interface LogLine {
  level: 'error' | 'warn' | 'info' | 'debug';
  message: string;
  fields?: object;
}

/** An error as plain data. */
export interface WireError {
  name: string;
  message: string;
  /** Of an error of the protocol. */
  status?: GrpcStatus;
  httpStatus?: number;
  /** Of a port that could not be listened on. */
  port?: number;
}

export function toWireError(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  if (error instanceof OipError) return { name, message, status: error.status, httpStatus: error.httpStatus };
  return { name, message, ...('port' in error && typeof error.port === 'number' && { port: error.port }) };
}

/** An OipError where it was one; else an Error of the same name, message and port. */
export function fromWireError({ name, message, status, httpStatus, port }: WireError): Error {
  if (status !== undefined && httpStatus !== undefined) return new OipError(status, httpStatus, message);
  return Object.assign(new Error(message), { name, ...(port !== undefined && { port }) });
}
