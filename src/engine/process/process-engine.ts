/** The adapter for machines without an engine: one environment is one process of this machine, and a directory. */

import { hostname, platform } from 'node:os';
import { dockerArchitecture } from '../architecture.js';
import {
  type Engine,
  EngineFailedError,
  type EngineInfo,
  type ExitInfo,
  type Instance,
  isUp,
  PortTakenError,
} from '../engine.js';
import { nameLabel } from '../labels.js';
import { assertPortFree, findPortHolder } from '../port-check.js';
import { requireNetwork } from '../refusals.js';
import { pause, withLimit } from '../settle.js';
import { controlPathIn, makeControlPlace, removeControlPlace } from './control-path.js';
import { processHands } from './hands.js';
import { identify } from './identity.js';
import { endProcess, toInstance, toState } from './instance.js';
import { launch, wantsControl } from './launch.js';
import { type Entry, type InstanceRecord, openRecords, unreadableId } from './record.js';
import { awaitStartup, readServerLog } from './server-log.js';
import { processUsage } from './usage.js';

const pollMs = 50;
const longestPollMs = 1_000;
const startupLimitMs = 10_000;
/** Long enough for the kernel to take a killed process away, in milliseconds. */
const killLimitMs = 5_000;

export interface ProcessEngineOptions {
  /** Directory with the records, from `openStateDir`. */
  stateDir: string;
  /** Where sockets go whose path in there would be too long. */
  tempDir: string;
  /** The server's file, asked for at each start. */
  serverBundle: () => string;
  /** Variables that the server's few inherited ones are taken from. */
  env: Readonly<Record<string, string | undefined>>;
}

/** Asks nothing and starts nothing until it is told to. */
export function processEngine(options: ProcessEngineOptions): Engine {
  const records = openRecords(options.stateDir);
  /** Ends of the servers that this very process started, as only a parent sees them. */
  const children = new Map<string, Promise<ExitInfo>>();

  /** The record of exactly this instance. */
  async function recordOf(instance: Instance): Promise<InstanceRecord | undefined> {
    const entry = await records.read(instance.name);
    return entry?.kind === 'record' && entry.record.id === instance.id ? entry.record : undefined;
  }

  async function inspect(name: string): Promise<Instance | undefined> {
    const entry = await records.read(name);
    if (!entry) return undefined;
    if (entry.kind === 'record') return await toInstance(entry.record);
    return { name, id: unreadableId, state: 'incomplete', labels: { [nameLabel]: name }, createdAt: entry.createdAt };
  }

  async function list(signal?: AbortSignal): Promise<Instance[]> {
    signal?.throwIfAborted();
    const instances = await Promise.all((await records.names()).map(inspect));
    return instances
      .filter((instance) => instance !== undefined)
      .sort((one, other) => (one.createdAt ?? '').localeCompare(other.createdAt ?? ''));
  }

  async function portHolder(port: number, signal?: AbortSignal) {
    const holder = (await list(signal)).find(
      ({ endpoints }) => endpoints?.grpcPort === port || endpoints?.httpPort === port,
    );
    return (
      holder && { description: `the environment ${holder.name}`, freeWith: `kserve-env down --name ${holder.name}` }
    );
  }

  async function portTaken(port: number, cause: unknown, signal?: AbortSignal): Promise<PortTakenError> {
    const holder = (await portHolder(port, signal)) ?? (await findPortHolder(port));
    return new PortTakenError(port, holder, { cause });
  }

  async function requireFreePorts(record: InstanceRecord, signal?: AbortSignal): Promise<void> {
    const { ports, endpoints } = record;
    for (const port of [endpoints?.grpcPort ?? ports.grpc, endpoints?.httpPort ?? ports.http]) {
      if (port === 'auto') continue;
      try {
        await assertPortFree(port, signal);
      } catch (error) {
        throw error instanceof PortTakenError ? await portTaken(port, error, signal) : error;
      }
    }
  }

  async function start(instance: Instance, signal?: AbortSignal): Promise<Instance> {
    signal?.throwIfAborted();
    const asked = await recordOf(instance);
    if (!asked) throw new EngineFailedError(`${instance.name} was removed before its start`);
    if (isUp((await toState(asked)).state)) return await toInstance(asked);
    await requireFreePorts(asked, signal);

    const { process: _process, exit: _exit, ...fields } = asked;
    const record: InstanceRecord = { ...fields, startedAt: new Date().toISOString() };
    await records.write(record);
    await makeControlPlace(record.controlSocket, records.directory(record.name));
    const child = await launch({
      record,
      bundlePath: options.serverBundle(),
      directory: records.directory(record.name),
      logPath: records.logPath(record.name),
      surroundings: options.env,
    });
    const identity = child.pid === undefined ? undefined : await identify(child.pid);
    let running: InstanceRecord = { ...record, ...(identity && { process: identity }) };
    let written = Promise.resolve();
    // One after the other, each with all that is known by then, so that no note is lost to a later one.
    const note = (news: Partial<InstanceRecord>) => {
      running = { ...running, ...news };
      written = written.then(() => records.write(running));
      return written;
    };
    let over = false;
    const exit = child.exit.then(async (info) => {
      over = true;
      await note({ exit: info });
      return info;
    });
    exit.catch(() => {});
    children.set(record.id, exit);
    await note({});

    const startup = await withLimit(
      startupLimitMs,
      signal,
      (within) => awaitStartup(records.logPath(record.name), child.logStart, async () => over, within),
      () => new EngineFailedError(`${record.name} did not say where it listens within ${startupLimitMs / 1000} s`),
    );
    if (startup.kind === 'listening') {
      const { grpcPort, httpPort } = startup;
      await note({ endpoints: { host: '127.0.0.1', grpcPort, httpPort } });
      return await toInstance(running);
    }
    // Somebody may have taken the port between our look and the server's.
    await requireFreePorts(asked, signal);
    return await toInstance({ ...running, exit: await exit });
  }

  async function waitForExit(instance: Instance, signal?: AbortSignal): Promise<ExitInfo> {
    // Most wait for a moment; who waits for hours should cost nothing.
    for (let wait = pollMs; ; wait = Math.min(wait * 1.05, longestPollMs)) {
      signal?.throwIfAborted();
      const child = children.get(instance.id);
      const record = child ? undefined : await recordOf(instance);
      if (!child && !record) return { exitCode: null, oomKilled: false };
      const seen = record && (await toState(record));
      if (seen?.state === 'exited') return seen.exit;
      // The timer keeps this command alive, which the child does not.
      const info = await Promise.race([pause(wait, signal), ...(child ? [child] : [])]);
      if (info) return info;
    }
  }

  async function end(record: InstanceRecord, graceMs: number, signal?: AbortSignal): Promise<void> {
    const seen = await toState(record);
    if (seen.state !== 'running' && seen.state !== 'paused') return;
    await endProcess(seen.process, { graceMs, killLimitMs, signal });
    await keptAlive(children.get(record.id));
  }

  return {
    kind: 'process',
    endpoint: hostname(),
    images: undefined,
    async info(signal) {
      signal?.throwIfAborted();
      return info();
    },

    async inspect(name, signal) {
      signal?.throwIfAborted();
      return await inspect(name);
    },

    list,

    async create(spec, signal) {
      signal?.throwIfAborted();
      requireNetwork('process', spec.network);
      const record = await records.claim({
        name: spec.name,
        labels: { ...spec.labels, [nameLabel]: spec.name },
        env: spec.env,
        ports: spec.ports,
        resources: spec.resources,
        files: spec.files ?? [],
        ...(wantsControl(spec.env) && {
          controlSocket: controlPathIn(records.directory(spec.name), options.tempDir),
        }),
        createdAt: new Date().toISOString(),
      });
      return await toInstance(record);
    },

    start,
    waitForExit,

    async stop(instance, graceMs, signal) {
      signal?.throwIfAborted();
      const record = await recordOf(instance);
      if (record) await end(record, graceMs, signal);
    },

    async remove(instance, signal) {
      signal?.throwIfAborted();
      const record = await recordOf(instance);
      if (record) await end(record, 0, signal);
      await removeControlPlace(record?.controlSocket, records.directory(instance.name));
      await records.remove(instance.name, (entry) => idOf(entry) === instance.id);
      children.delete(instance.id);
    },

    ...processHands(recordOf, (record, signal) => end(record, 0, signal)),

    async *logs(instance, logOptions = {}) {
      const ended = async () => {
        const record = await recordOf(instance);
        return !record || (await toState(record)).state === 'exited';
      };
      yield* readServerLog(records.logPath(instance.name), logOptions, ended);
    },

    async usage(instance, signal) {
      signal?.throwIfAborted();
      const record = await recordOf(instance);
      const seen = record && (await toState(record));
      return seen?.state === 'running' ? await processUsage(seen.process.pid) : undefined;
    },

    portHolder,

    async [Symbol.asyncDispose]() {
      // The servers stay: they belong to the environments, not to the command that started them.
      children.clear();
    },
  };
}

/** Waits for the child, which by itself would not keep this command from ending in the middle. */
async function keptAlive(child: Promise<unknown> | undefined): Promise<void> {
  const timer = setInterval(() => {}, 60_000);
  try {
    await child;
  } finally {
    clearInterval(timer);
  }
}

function idOf(entry: Entry): string {
  return entry.kind === 'record' ? entry.record.id : unreadableId;
}

function info(): EngineInfo {
  return {
    kind: 'process',
    title: `local process (Node ${process.versions.node})`,
    endpoint: hostname(),
    os: platform() === 'win32' ? 'windows' : platform(),
    architecture: dockerArchitecture(process.arch),
  };
}
