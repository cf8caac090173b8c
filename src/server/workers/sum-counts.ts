/** Sums the counts of workers that have ended, so that no counter goes back. */
import type { WorkerCounts } from '../control.js';
import { sumModelStatistics } from '../telemetry/model-statistics.js';
import type { RequestCount } from '../telemetry/request-counts.js';

/** What `first` counted added to the counts of `second`, whose memory and whose models' states stay as they are. */
export function sumCounts(first: WorkerCounts | undefined, second: WorkerCounts): WorkerCounts {
  const models = second.models.map((model) => {
    const other = first?.models.find(({ name, version }) => name === model.name && version === model.version);
    const statistics = sumModelStatistics([model.statistics, ...(other ? [other.statistics] : [])]);
    return { ...model, statistics };
  });
  const requests = new Map<string, RequestCount>();
  for (const one of [...(first?.requests ?? []), ...second.requests]) {
    const key = `${one.transport} ${one.method} ${one.status}`;
    const known = requests.get(key);
    requests.set(key, {
      ...one,
      count: one.count + (known?.count ?? 0),
      seconds: one.seconds + (known?.seconds ?? 0),
    });
  }
  return {
    models,
    requests: [...requests.values()],
    process: {
      cpuSeconds: second.process.cpuSeconds + (first?.process.cpuSeconds ?? 0),
      residentBytes: second.process.residentBytes,
      startedAt: Math.min(second.process.startedAt, first?.process.startedAt ?? Number.POSITIVE_INFINITY),
    },
  };
}
