/** Counts what goes into no inference, so that nothing is lost silently. */
import type { LeftOut } from './report.js';

/** Adds one, with words for the first of its reason. */
export type Leave = (reason: LeftOut['reason'], words: () => string) => void;

/** A counter, and what it has counted. */
export function countLeftOut(): { leave: Leave; counted: () => LeftOut[] } {
  const found = new Map<LeftOut['reason'], LeftOut>();
  return {
    leave(reason, words) {
      const before = found.get(reason);
      if (before) before.count++;
      else found.set(reason, { reason, count: 1, example: words() });
    },
    counted: () => [...found.values()],
  };
}
