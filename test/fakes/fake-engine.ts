/** An engine in memory that runs the real server inside this process; it passes the contract of all engines. */
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import {
  type Engine,
  EngineFailedError,
  type EngineKind,
  type ExitInfo,
  type Instance,
  InstanceExistsError,
  type InstanceSpec,
  isUp,
} from '../../src/engine/engine.js';
import { nameLabel } from '../../src/engine/labels.js';
import { requireNetwork } from '../../src/engine/refusals.js';
import { fakeHands } from './fake-hands.js';
import { type FakeImages, fakeImages } from './fake-images.js';
import { runServer } from './fake-server.js';
import { changeOf, close, end, type Held, write } from './held.js';

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

export function fakeEngine(options: FakeEngineOptions = {}): FakeEngine {
  const kind = options.kind ?? 'process';
  const held = new Map<string, Held>();
  const changes: string[] = [];

  const of = (instance: Instance) => {
    const entry = held.get(instance.name);
    return entry?.instance.id === instance.id ? entry : undefined;
  };

  async function portHolder(port: number, signal?: AbortSignal) {
    signal?.throwIfAborted();
    const holder = [...held.values()].find(
      ({ instance: { endpoints } }) => endpoints?.grpcPort === port || endpoints?.httpPort === port,
    )?.instance.name;
    if (holder === undefined) return undefined;
    return { description: `the environment ${holder}`, freeWith: `kserve-env down --name ${holder}` };
  }

  const engine: FakeEngine = {
    kind,
    endpoint: 'here',
    images: kind !== 'process' ? fakeImages() : undefined,
    failCreate: undefined,
    failStart: undefined,
    dieOnStart: undefined,
    neverReady: false,
    changes,
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
      changes.push(`create ${spec.name}`);
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
      changes.push(`start ${instance.name}`);
      if (engine.failStart !== undefined) throw engine.failStart;
      const entry = of(instance);
      if (!entry) throw new EngineFailedError(`${instance.name} was removed before its start`);
      if (isUp(entry.instance.state)) return entry.instance;
      const before = entry.instance;
      const { exit: _exit, ...rest } = before;
      entry.instance = { ...rest, state: 'running', startedAt: new Date().toISOString() };
      try {
        if (engine.dieOnStart) end(entry, engine.dieOnStart);
        else await runServer(entry, engine.neverReady, portHolder);
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
      changes.push(`stop ${instance.name}`);
      const entry = of(instance);
      if (!entry || !isUp(entry.instance.state)) return;
      await close(entry, graceMs);
      write(entry, { stream: 'stdout', line: JSON.stringify({ message: 'server stopped' }) });
      end(entry, { exitCode: 0, oomKilled: false });
    },

    async remove(instance, signal) {
      signal?.throwIfAborted();
      changes.push(`remove ${instance.name}`);
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

    ...fakeHands(kind, of, changes),

    portHolder,

    async kill(instance, signal) {
      signal?.throwIfAborted();
      changes.push(`kill ${instance.name}`);
      if (of(instance)) await engine.die(instance.name);
    },

    async die(name) {
      const entry = held.get(name);
      if (!entry || !isUp(entry.instance.state)) return;
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
