/** An engine in memory that runs the real server inside this process; it passes the contract of all engines. */
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import {
  type Engine,
  EngineCannotError,
  EngineFailedError,
  type EngineKind,
  type ExitInfo,
  type Instance,
  InstanceExistsError,
  type InstanceSpec,
  type LogLine,
  type PortRequest,
  PortTakenError,
} from '../../src/engine/engine.js';
import { withSources } from '../../src/engine/files.js';
import { nameLabel } from '../../src/engine/labels.js';
import { findPortHolder } from '../../src/engine/port-check.js';
import { noControlAnswer, notRunning, requireNetwork } from '../../src/engine/refusals.js';
import { serverConfigSchema, serverConfigVariable } from '../../src/models/server-config.js';
import { controlAnswer } from '../../src/server/faults/control-requests.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';
import { createLogger, silentLogger } from '../../src/server/telemetry/logger.js';
import { type FakeImages, fakeImages } from './fake-images.js';
import { type Gate, openGate } from './gate.js';

export interface FakeEngineOptions {
  /** `docker` has an image store, `process` has none. `process` unless given. */
  kind?: EngineKind;
}

export interface FakeEngine extends Engine {
  readonly images: FakeImages | undefined;
  /** Thrown by every create, or start, while set. */
  failCreate: unknown;
  failStart: unknown;
  /** Servers started while it is set end in this way at once. */
  dieOnStart: ExitInfo | undefined;
  /** Servers started while it is set have ports on which nobody answers. */
  neverReady: boolean;
  /** Every change that was asked for, in order: `create name`, `start name`, `stop name`, `kill name`, … */
  readonly changes: string[];
  /** How often a name was looked for. */
  inspections: number;
  /** Ends a server as `kill -9` does, which the engine is not asked for. */
  die(name: string): Promise<void>;
  /** Plants what a killed command leaves: a name with nothing behind it. */
  leaveIncomplete(name: string): void;
}

interface Held {
  spec: InstanceSpec;
  instance: Instance;
  log: { at: number; line: LogLine }[];
  events: EventEmitter;
  server?: RunningServer;
  /** What clients dial, and the server behind it: gRPC and REST. */
  gates?: [Gate, Gate];
}

function isUp({ instance: { state } }: Held): boolean {
  return state === 'running' || state === 'paused';
}

/** Ends the server, and what clients dial it by. */
async function close({ server, gates }: Held, graceMs: number): Promise<void> {
  for (const gate of gates ?? []) gate.pause(false);
  await server?.close(graceMs);
  await Promise.all(gates?.map((gate) => gate.shut()) ?? []);
}

export function fakeEngine(options: FakeEngineOptions = {}): FakeEngine {
  const kind = options.kind ?? 'process';
  const held = new Map<string, Held>();

  const of = (instance: Instance) => {
    const entry = held.get(instance.name);
    return entry?.instance.id === instance.id ? entry : undefined;
  };

  function end(entry: Held, exit: ExitInfo): void {
    if (entry.instance.state === 'exited') return;
    const { endpoints: _endpoints, disconnected: _disconnected, ...rest } = entry.instance;
    entry.instance = { ...rest, state: 'exited', exit };
    entry.events.emit('change');
  }

  function write(entry: Held, line: LogLine): void {
    entry.log.push({ at: Date.now(), line });
    entry.events.emit('change');
  }

  async function portHolder(port: number, signal?: AbortSignal) {
    signal?.throwIfAborted();
    const holder = [...held.values()].find(
      ({ instance: { endpoints } }) => endpoints?.grpcPort === port || endpoints?.httpPort === port,
    )?.instance.name;
    if (holder === undefined) return undefined;
    return { description: `the environment ${holder}`, freeWith: `kserve-env down --name ${holder}` };
  }

  async function run(entry: Held): Promise<void> {
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
    const grpc = await gateTo(before?.[0].port ?? port(spec.ports.grpc), server, server.grpcPort);
    const http = await gateTo(before?.[1].port ?? port(spec.ports.http), server, server.httpPort, grpc);
    Object.assign(entry, { server, gates: [grpc, http] });
    const { port: grpcPort } = grpc;
    const { port: httpPort } = http;
    entry.instance = { ...entry.instance, endpoints: { host: '127.0.0.1', grpcPort, httpPort } };
    if (engine.neverReady) await close(entry, 0);
    else log.announce('server started', { grpcPort, httpPort });
  }

  async function gateTo(wanted: number, server: RunningServer, target: number, opened?: Gate): Promise<Gate> {
    try {
      return await openGate(wanted, target);
    } catch (error) {
      await server.close(0);
      await opened?.shut();
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      throw new PortTakenError(wanted, (await portHolder(wanted)) ?? (await findPortHolder(wanted)));
    }
  }

  function runningOf(instance: Instance): Held {
    const entry = of(instance);
    if (!entry || !isUp(entry)) throw notRunning(instance.name, entry?.instance.state);
    return entry;
  }

  function requireOwnNetwork({ name }: Instance): void {
    if (kind === 'process') throw new EngineCannotError(`${name} is a process, and has no network of its own`);
  }

  const engine: FakeEngine = {
    kind,
    endpoint: 'here',
    images: kind !== 'process' ? fakeImages() : undefined,
    failCreate: undefined,
    failStart: undefined,
    dieOnStart: undefined,
    neverReady: false,
    changes: [],
    inspections: 0,

    async info(signal) {
      signal?.throwIfAborted();
      const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
      return { kind, title: 'fake engine', endpoint: 'here', os: 'linux', architecture };
    },

    async inspect(name, signal) {
      signal?.throwIfAborted();
      engine.inspections += 1;
      return held.get(name)?.instance;
    },

    async list(signal) {
      signal?.throwIfAborted();
      return [...held.values()].map(({ instance }) => instance);
    },

    async create(spec, signal) {
      signal?.throwIfAborted();
      engine.changes.push(`create ${spec.name}`);
      if (engine.failCreate !== undefined) throw engine.failCreate;
      requireNetwork(kind, spec.network);
      if (held.has(spec.name)) throw new InstanceExistsError(spec.name);
      const instance: Instance = {
        name: spec.name,
        id: randomBytes(8).toString('hex'),
        state: 'created',
        labels: { ...spec.labels, [nameLabel]: spec.name },
        createdAt: new Date().toISOString(),
        ...(spec.imageId !== undefined && { imageId: spec.imageId }),
      };
      held.set(spec.name, { spec, instance, log: [], events: new EventEmitter().setMaxListeners(0) });
      return instance;
    },

    async start(instance, signal) {
      signal?.throwIfAborted();
      engine.changes.push(`start ${instance.name}`);
      if (engine.failStart !== undefined) throw engine.failStart;
      const entry = of(instance);
      if (!entry) throw new EngineFailedError(`${instance.name} was removed before its start`);
      if (isUp(entry)) return entry.instance;
      const before = entry.instance;
      const { exit: _exit, ...rest } = before;
      entry.instance = { ...rest, state: 'running', startedAt: new Date().toISOString() };
      try {
        if (engine.dieOnStart) end(entry, engine.dieOnStart);
        else await run(entry);
      } catch (error) {
        entry.instance = before;
        throw error;
      }
      return entry.instance;
    },

    async waitForExit(instance, signal) {
      while (true) {
        signal?.throwIfAborted();
        const entry = of(instance);
        if (!entry) return { exitCode: null, oomKilled: false };
        if (entry.instance.exit) return entry.instance.exit;
        await changeOf(entry, signal);
      }
    },

    async stop(instance, graceMs, signal) {
      signal?.throwIfAborted();
      engine.changes.push(`stop ${instance.name}`);
      const entry = of(instance);
      if (!entry || !isUp(entry)) return;
      await close(entry, graceMs);
      write(entry, { stream: 'stdout', line: JSON.stringify({ message: 'server stopped' }) });
      end(entry, { exitCode: 0, oomKilled: false });
    },

    async remove(instance, signal) {
      signal?.throwIfAborted();
      engine.changes.push(`remove ${instance.name}`);
      const entry = of(instance);
      if (!entry) return;
      await close(entry, 0);
      if (of(instance)) held.delete(instance.name);
      end(entry, { exitCode: 137, signal: 'SIGKILL', oomKilled: false });
    },

    async *logs(instance, { follow, tail, since, signal } = {}) {
      const entry = of(instance);
      if (!entry) return;
      const wanted = entry.log.filter(({ at }) => since === undefined || at >= since);
      let next = entry.log.length;
      for (const { line } of tail === undefined ? wanted : wanted.slice(Math.max(0, wanted.length - tail))) {
        signal?.throwIfAborted();
        yield line;
      }
      while (follow) {
        signal?.throwIfAborted();
        const lines = entry.log.slice(next);
        next += lines.length;
        for (const { line } of lines) yield line;
        if (next < entry.log.length) continue;
        if (entry.instance.state === 'exited') return;
        await changeOf(entry, signal);
      }
    },

    async usage(instance, signal) {
      signal?.throwIfAborted();
      if (held.get(instance.name)?.instance.state !== 'running') return undefined;
      // The server runs in here.
      const { user, system } = process.cpuUsage();
      return { memoryBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 };
    },

    async control(instance, request, signal) {
      signal?.throwIfAborted();
      const { instance: now, server, spec } = runningOf(instance);
      if (now.state === 'paused') throw notRunning(instance.name, now.state);
      const asked = (spec.env[serverConfigVariable] ?? '').includes('"controlSocket"');
      if (!asked || !server?.faults) throw noControlAnswer(instance.name, 'it was made without one');
      const { faults: keeper, isReady } = server;
      return await controlAnswer(Buffer.from(request), { keeper, isReady, log: silentLogger });
    },

    async pause(instance, signal) {
      signal?.throwIfAborted();
      engine.changes.push(`pause ${instance.name}`);
      const entry = runningOf(instance);
      for (const gate of entry.gates ?? []) gate.pause(true);
      entry.instance = { ...entry.instance, state: 'paused' };
    },

    async unpause(instance, signal) {
      signal?.throwIfAborted();
      engine.changes.push(`unpause ${instance.name}`);
      const entry = of(instance);
      if (entry?.instance.state !== 'paused') return;
      for (const gate of entry.gates ?? []) gate.pause(false);
      entry.instance = { ...entry.instance, state: 'running' };
    },

    async disconnect(instance, signal) {
      signal?.throwIfAborted();
      requireOwnNetwork(instance);
      engine.changes.push(`disconnect ${instance.name}`);
      const entry = runningOf(instance);
      await Promise.all(entry.gates?.map((gate) => gate.shut()) ?? []);
      entry.instance = { ...entry.instance, disconnected: true };
    },

    async reconnect(instance, signal) {
      signal?.throwIfAborted();
      requireOwnNetwork(instance);
      engine.changes.push(`reconnect ${instance.name}`);
      const entry = runningOf(instance);
      if (!entry.instance.disconnected) return;
      await Promise.all(entry.gates?.map((gate) => gate.open()) ?? []);
      const { disconnected: _disconnected, ...rest } = entry.instance;
      entry.instance = rest;
    },

    portHolder,

    async kill(instance, signal) {
      signal?.throwIfAborted();
      engine.changes.push(`kill ${instance.name}`);
      if (of(instance)) await engine.die(instance.name);
    },

    async die(name) {
      const entry = held.get(name);
      if (!entry || !isUp(entry)) return;
      await close(entry, 0);
      end(entry, { exitCode: 137, signal: 'SIGKILL', oomKilled: false });
    },

    leaveIncomplete(name) {
      const labels = { [nameLabel]: name };
      const instance: Instance = { name, id: randomBytes(8).toString('hex'), state: 'incomplete', labels };
      const spec: InstanceSpec = {
        name,
        env: {},
        labels,
        ports: { grpc: 'auto', http: 'auto' },
        resources: { memoryMiB: 1, cpus: 1 },
      };
      held.set(name, { spec, instance, log: [], events: new EventEmitter() });
    },

    async [Symbol.asyncDispose]() {
      for (const entry of held.values()) await close(entry, 0);
    },
  };
  return engine;
}

async function changeOf(entry: Held, signal: AbortSignal | undefined): Promise<void> {
  try {
    await once(entry.events, 'change', signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
