/** The engine port: what kserve-env needs from whatever runs the server. Adapters live beside this file. */

import { ExitCode, KServeEnvError, type KServeEnvErrorOptions } from '../errors.js';
import type { ServedFile } from './files.js';
import type { EngineHost } from './host.js';
import type { ImageStore } from './image-store.js';

/** What an engine says of itself: Docker and Podman speak the same API, and answer to one adapter. */
export type EngineKind = 'docker' | 'podman' | 'process';

/** Their names for people. */
export const engineNames = { docker: 'Docker', podman: 'Podman', process: 'local processes' } as const;

/** What an engine says of itself. */
export interface EngineInfo {
  kind: EngineKind;
  /** For people: `Docker 20.10.24`, `local process (Node 20.20.2)`. */
  title: string;
  /** Where it was reached: `unix:///var/run/docker.sock`, or the machine's own name for the process engine. */
  endpoint: string;
  /** Platform of the server it starts, in Docker's words: `linux`, `amd64` or `arm64`. */
  os: string;
  architecture: string;
}

/** One published port pair of an instance, as a client on this machine dials it. Port numbers are TCP. */
export interface Endpoints {
  host: '127.0.0.1';
  grpcPort: number;
  httpPort: number;
}

/** A requested host port: a fixed one, or `auto` to let the engine choose. */
export type PortRequest = number | 'auto';

/** Bounds put on the server's container or process. */
export interface ResourceLimits {
  memoryMiB: number;
  cpus: number;
}

/** How the server is joined to the network. */
export type NetworkMode = 'bridge' | 'isolated';

/** What the engine is asked to make. One environment is one instance. */
export interface InstanceSpec {
  /** The environment's name, unique for an engine: `[a-z0-9][a-z0-9-]{0,62}`. */
  name: string;
  /** ID of the image to run (`sha256:…`), absent for an engine without images. */
  imageId?: string;
  /** Environment variables of the server. */
  env: Record<string, string>;
  /** Kept by the engine and read back by `inspect`: the only record of what was asked for. */
  labels: Record<string, string>;
  ports: { grpc: PortRequest; http: PortRequest };
  resources: ResourceLimits;
  /**
   * `isolated`: the server reaches nobody outside, while clients of this machine reach its ports; `bridge` unless given.
   * An engine that cannot do this refuses to create, with EngineCannotError.
   */
  network?: NetworkMode;
  /** Files of this machine that the server may read, and no others. None unless given. */
  files?: ServedFile[];
}

/**
 * `incomplete`: left-overs without a server (a network, a state directory) from an interrupted command.
 */
export type InstanceState = 'created' | 'running' | 'paused' | 'exited' | 'incomplete';

/** Whether the server's processes are there, and may go on. */
export function isUp(state: InstanceState | undefined): state is 'running' | 'paused' {
  return state === 'running' || state === 'paused';
}

/** What the engine sees of one instance right now. */
export interface Instance {
  name: string;
  /** The engine's own identifier, never given twice: container ID, or a random one for a process. */
  id: string;
  state: InstanceState;
  labels: Record<string, string>;
  imageId?: string;
  /** Present while running. */
  endpoints?: Endpoints;
  /** Set where it runs and was cut off from its network. */
  disconnected?: true;
  /** ISO 8601. */
  createdAt?: string;
  startedAt?: string;
  exit?: ExitInfo;
}

/** How a server ended. `exitCode` is null when nobody was there to see it. */
export interface ExitInfo {
  exitCode: number | null;
  signal?: string;
  oomKilled: boolean;
}

/** What a server uses: memory now, and CPU time since its start. */
export interface ResourceUsage {
  /** Resident, without what the system would give back at once. */
  memoryBytes: number;
  cpuSeconds: number;
}

export interface LogLine {
  stream: 'stdout' | 'stderr';
  line: string;
}

export interface LogOptions {
  follow?: boolean;
  /** Only the last so many lines. */
  tail?: number;
  /** Only lines written at or after this instant, in milliseconds since the epoch. */
  since?: number;
  signal?: AbortSignal;
}

/**
 * Every call settles: within ten seconds if the engine does not answer, or at once when `signal` aborts.
 * Every call may throw EngineUnreachableError.
 */
export interface Engine extends AsyncDisposable {
  readonly kind: EngineKind;
  /** Where it is reached, as `info` tells it. */
  readonly endpoint: string;
  /** Undefined for an engine that runs the server without an image. */
  readonly images: ImageStore | undefined;

  info(signal?: AbortSignal): Promise<EngineInfo>;
  /** About the machine that a daemon runs on; absent where the engine is this machine itself. */
  host?(signal?: AbortSignal): Promise<EngineHost>;

  /** The environment of that name, or undefined. */
  inspect(name: string, signal?: AbortSignal): Promise<Instance | undefined>;
  /** Every environment of ours that this engine knows, oldest first. */
  list(signal?: AbortSignal): Promise<Instance[]>;

  /**
   * Makes the instance without starting it. An abort is obeyed as soon as it is known what was made, which is removed.
   * @throws InstanceExistsError when the name is in use; what is there stays untouched
   */
  create(spec: InstanceSpec, signal?: AbortSignal): Promise<Instance>;
  /**
   * Starts a created instance and returns it with its endpoints. The server may not be listening yet.
   * @throws PortTakenError when a fixed host port is in use
   */
  start(instance: Instance, signal?: AbortSignal): Promise<Instance>;
  /** Resolves when the instance has ended. May be armed before `start`, so that no death is missed. */
  waitForExit(instance: Instance, signal?: AbortSignal): Promise<ExitInfo>;
  /** Asks the server to end (SIGTERM), kills it after `graceMs`. */
  stop(instance: Instance, graceMs: number, signal?: AbortSignal): Promise<void>;
  /** Removes exactly this instance and all that belongs to it, running or not. Nothing there is no error. */
  remove(instance: Instance, signal?: AbortSignal): Promise<void>;
  /** The server's output, oldest line first. With `follow` it ends when the server ends. */
  logs(instance: Instance, options?: LogOptions): AsyncIterable<LogLine>;
  /**
   * Sends one line to the control socket of a running server, and returns the line that it answers.
   * @throws EngineFailedError where the server cannot be reached so, or does not answer within ten seconds
   */
  control(instance: Instance, request: string, signal?: AbortSignal): Promise<string>;
  /** Stops the server's processes where they are: connections stay, nothing is answered. Paused already is no error. */
  pause(instance: Instance, signal?: AbortSignal): Promise<void>;
  /** Lets them go on. Not paused is no error. */
  unpause(instance: Instance, signal?: AbortSignal): Promise<void>;
  /** Kills the server without a farewell. What is left can be started again by `start`, on the same ports. */
  kill(instance: Instance, signal?: AbortSignal): Promise<void>;
  /**
   * Cuts the server off from every network. Cut off already is no error.
   * @throws EngineCannotError where the server shares the network of this machine
   */
  disconnect(instance: Instance, signal?: AbortSignal): Promise<void>;
  /** Puts it back, on the same ports. Not cut off is no error. @throws EngineCannotError as `disconnect` */
  reconnect(instance: Instance, signal?: AbortSignal): Promise<void>;
  /** What a running server uses; undefined where it does not run, or the system does not tell. */
  usage(instance: Instance, signal?: AbortSignal): Promise<ResourceUsage | undefined>;
  /** Who publishes this TCP host port in this engine: a name for people, or undefined. */
  portHolder(port: number, signal?: AbortSignal): Promise<PortHolder | undefined>;
}

/** Who has a port, and the command that frees it. */
export interface PortHolder {
  description: string;
  freeWith: string;
}

/** The engine could not be reached or did not answer in time. */
export class EngineUnreachableError extends KServeEnvError {
  constructor(message: string, options: KServeEnvErrorOptions = {}) {
    super('ENGINE_UNREACHABLE', ExitCode.engineUnreachable, message, { retryable: true, ...options });
  }
}

/** The engine answered, and refused or failed at what it was asked. */
export class EngineFailedError extends KServeEnvError {
  constructor(message: string, options: KServeEnvErrorOptions = {}) {
    super('ENGINE_FAILED', ExitCode.engineUnreachable, message, options);
  }
}

/** The engine is of a sort that cannot do this. */
export class EngineCannotError extends KServeEnvError {
  constructor(message: string, options: KServeEnvErrorOptions = {}) {
    super('ENGINE_CANNOT', ExitCode.usage, message, options);
  }
}

/** An instance of that name is there already. */
export class InstanceExistsError extends KServeEnvError {
  constructor(name: string, options: KServeEnvErrorOptions = {}) {
    super('INSTANCE_EXISTS', ExitCode.usage, `An environment named ${name} exists already`, {
      details: { name },
      ...options,
    });
  }
}

/** A fixed host port is in use. */
export class PortTakenError extends KServeEnvError {
  readonly port: number;

  constructor(port: number, holder?: PortHolder, options: KServeEnvErrorOptions = {}) {
    const by = holder ? ` by ${holder.description}` : '';
    const choose = 'use --grpc-port auto --http-port auto';
    super('PORT_IN_USE', ExitCode.portTaken, `Port ${port} on 127.0.0.1 is taken${by}`, {
      hint: holder ? `${holder.freeWith}, or ${choose}` : choose,
      retryable: true,
      details: { port, ...(holder && { holder: holder.description }) },
      ...options,
    });
    this.port = port;
  }
}
