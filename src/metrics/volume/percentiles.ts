/** Percentiles of durations. */

/** Milliseconds by nearest rank; zeros where nothing was measured. */
export interface Percentiles {
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/** @param durations in milliseconds, in any order */
export function percentilesOf(durations: readonly number[]): Percentiles {
  const sorted = Float64Array.from(durations).sort();
  const at = (share: number) => {
    const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
    return Math.round(value * 1000) / 1000;
  };
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
