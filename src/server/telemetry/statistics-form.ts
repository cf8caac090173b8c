/** Statistics in Triton's form, which gRPC and REST have in common. */
import type { ModelStatisticsEntry } from '../extension-plane.js';

const nothing = { count: 0, ns: 0 };

/**
 * One version of a model in `model_stats`.
 * Source: https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_statistics.md
 */
export function statisticsForm({ name, version, statistics }: ModelStatisticsEntry) {
  const { success, fail, queue, computeInput, computeInfer, computeOutput, lastInference } = statistics;
  return {
    name,
    version,
    last_inference: lastInference,
    // Every inference is an execution of its own: nothing is batched.
    inference_count: success.count,
    execution_count: success.count,
    inference_stats: {
      success: { ...success },
      fail: { ...fail },
      queue: { ...queue },
      compute_input: { ...computeInput },
      compute_infer: { ...computeInfer },
      compute_output: { ...computeOutput },
      // There is no cache.
      cache_hit: nothing,
      cache_miss: nothing,
    },
    batch_stats: [],
  };
}
