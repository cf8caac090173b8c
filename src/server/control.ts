/** What concerns a server as a whole, however many workers it has: the state of its models, and its counts. */
import type { ModelRepository } from './model-repository.js';
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
  /** The counts of every worker. */
  counts(): Promise<WorkerCounts[]>;
}

/** Control of this process alone. */
export function createLocalControl(repository: ModelRepository, requests: RequestCounts): ServerControl {
  return {
    async loadModel(name) {
      const loads = await Promise.allSettled(repository.findAll(name).map((version) => version.load()));
      for (const load of loads) if (load.status === 'rejected') throw load.reason;
    },
    async unloadModel(name) {
      await Promise.all(repository.findAll(name).map((version) => version.unload()));
    },
    counts: async () => [countsOf(repository, requests)],
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
