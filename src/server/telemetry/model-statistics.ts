/** What is counted of a model's inferences: the figures of ModelStatistics and of the metrics. */

/** How often something was done, and nanoseconds that it took in all. */
export interface DurationStatistic {
  count: number;
  ns: number;
}

/**
 * Counts of one version of a model. `computeInput` is the binding and checking of inputs, `computeInfer` the model's own
 * work, `computeOutput` the choice of outputs; they count successes only, as Triton's do. Nothing queues here, so the
 * queue's time is what the declared latency makes a request wait.
 * Source: https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_statistics.md
 */
export interface ModelStatistics {
  /** Milliseconds since the epoch; 0 before the first inference. */
  lastInference: number;
  success: DurationStatistic;
  fail: DurationStatistic;
  queue: DurationStatistic;
  computeInput: DurationStatistic;
  computeInfer: DurationStatistic;
  computeOutput: DurationStatistic;
}

export function createModelStatistics(): ModelStatistics {
  const none = (): DurationStatistic => ({ count: 0, ns: 0 });
  return {
    lastInference: 0,
    success: none(),
    fail: none(),
    queue: none(),
    computeInput: none(),
    computeInfer: none(),
    computeOutput: none(),
  };
}

const add = (statistic: DurationStatistic, ms: number): void => {
  statistic.count++;
  statistic.ns += Math.round(ms * 1e6);
};

/**
 * Counts an inference that is answered now. The instants are in milliseconds of performance.now(): when it began, when its
 * inputs were bound, when its latency was over, when the model had predicted, and now.
 */
export function recordSuccess(
  statistics: ModelStatistics,
  begun: number,
  bound: number,
  waited: number,
  predicted: number,
  ended = performance.now(),
): void {
  statistics.lastInference = Date.now();
  add(statistics.success, ended - begun);
  add(statistics.computeInput, bound - begun);
  add(statistics.queue, waited - bound);
  add(statistics.computeInfer, predicted - waited);
  add(statistics.computeOutput, ended - predicted);
}

/** Counts an inference that was refused or failed, `ms` after it began. */
export function recordFailure(statistics: ModelStatistics, ms: number): void {
  statistics.lastInference = Date.now();
  add(statistics.fail, ms);
}

/** The counts of several workers as one. */
export function sumModelStatistics(all: readonly ModelStatistics[]): ModelStatistics {
  const sum = createModelStatistics();
  for (const one of all) {
    sum.lastInference = Math.max(sum.lastInference, one.lastInference);
    for (const key of ['success', 'fail', 'queue', 'computeInput', 'computeInfer', 'computeOutput'] as const) {
      sum[key].count += one[key].count;
      sum[key].ns += one[key].ns;
    }
  }
  return sum;
}
