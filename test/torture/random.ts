/** Choices that a seed decides, so that a failure can be repeated. */

export interface Random {
  /** From 0 up to, and without, the limit. */
  below(limit: number): number;
  /** A whole number, both ends included. */
  whole(from: number, to: number): number;
  pick<T>(values: readonly T[]): T;
}

/** The generator mulberry32 (Tommy Ettinger, 2017): 32 bits of state, good enough to choose moments by. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    below: (limit) => next() * limit,
    whole,
    pick(values) {
      const value = values[whole(0, values.length - 1)];
      if (value === undefined) throw new Error('Nothing to choose from');
      return value;
    },
  };
}
