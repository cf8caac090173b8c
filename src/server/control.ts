/** What concerns a server as a whole, however many workers it has: the state of its models, and its counts. */
import type { KeeperLink } from './faults/fault-site.js';
import type { ModelRepository } from './model-repository.js';
import type { AgreeOnLoad } from './model-version.js';
import type { ModelStatistics } from './telemetry/model-statistics.js';
import type { RequestCount, RequestCounts } from './telemetry/request-counts.js';

/** The counts of one worker, as plain data that can be sent to another process. */
export interface WorkerCounts {
  models: { name: string; version: string; ready: boolean; statistics: ModelStatistics }[];
  requests: RequestCount[];
  process: { cpuSeconds: number; residentBytes: number; startedAt: number };
}

export interface ServerControl {
  /** Loads all versions of a model, on every worker; settles when they are READY. Throws MODEL_NOT_FOUND, MODEL_LOAD_FAILED. */
  loadModel(name: string): Promise<void>;
  /** Unloads all versions of a model, on every worker; settles when the last inference has ended. Throws MODEL_NOT_FOUND. */
  unloadModel(name: string): Promise<void>;
  /**
   * The counts of every worker. What workers counted that have ended is among those of another, as far as it had been
   * told before their end, so that no sum ever goes back.
   */
  counts(): Promise<WorkerCounts[]>;
  /**
   * Has every worker run what `onBroadcast` was given for this topic, in one order for all; settles when all have, and
   * rejects with what one of them threw. A worker that replaces another gets the last data of each topic before it
   * listens. `data` travels as JSON.
   */
  broadcast(topic: string, data: unknown): Promise<void>;
  /** Says what a topic's broadcasts do in this process; to be called before the server listens, once a topic. */
  onBroadcast(topic: string, run: RunBroadcast): void;
  /** The keeper of the faults, wherever it is. */
  readonly faults: KeeperLink;
}

export type RunBroadcast = (data: unknown) => void | Promise<void>;

/** Control of this process alone. */
export interface LocalControl extends ServerControl {
  /** Loads what is declared as loaded; settles when every load has ended, well or not. */
  loadDeclared(agree?: AgreeOnLoad): Promise<void>;
  loadModel(name: string, agree?: AgreeOnLoad): Promise<void>;
  /** Throws MODEL_NOT_FOUND. */
  assertKnown(name: string): void;
  /** The counts of this process. */
  ownCounts(): WorkerCounts;
}

export function createLocalControl(
  repository: ModelRepository,
  requests: RequestCounts,
  faults: KeeperLink,
): LocalControl {
  const topics = new Map<string, RunBroadcast>();
  return {
    loadDeclared: (agree) => repository.start(agree),
    async loadModel(name, agree) {
      const loads = await Promise.allSettled(repository.findAll(name).map((version) => version.load(agree)));
      for (const load of loads) if (load.status === 'rejected') throw load.reason;
    },
    async unloadModel(name) {
      await Promise.all(repository.findAll(name).map((version) => version.unload()));
    },
    assertKnown: (name) => void repository.findAll(name),
    ownCounts: () => countsOf(repository, requests),
    counts: async () => [countsOf(repository, requests)],
    async broadcast(topic, data) {
      const run = topics.get(topic);
      if (!run) throw new Error(`nothing listens to broadcasts of ${topic}`);
      await run(data);
    },
    onBroadcast: (topic, run) => void topics.set(topic, run),
    faults,
  };
}

function countsOf(repository: ModelRepository, requests: RequestCounts): WorkerCounts {
  const { user, system } = process.cpuUsage();
  return {
    models: repository.versions.map(({ name, version, state, statistics }) => ({
      name,
      version,
      ready: state === 'READY',
      statistics,
    })),
    requests: requests.list(),
    process: {
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      startedAt: Math.round(performance.timeOrigin) / 1000,
    },
  };
}
