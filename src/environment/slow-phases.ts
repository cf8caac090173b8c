/** Finds the phases of a set-up that took much longer than they use to. Pure. */
import { formatDuration } from '../duration.js';
import type { SetUpRecord } from './history.js';
import { phaseTitles } from './phases.js';
import { median } from './timing-figures.js';

/** Fewer say nothing: the median of five is not moved by the two worst of them. */
const leastEarlier = 5;
/** More than these are of another time: another machine, another version of the engine. */
const mostEarlier = 20;
/**
 * Both must hold. A busy machine makes 3 ms into 30 now and then, which nobody notices; and a pull of 8 s into 9 s, which
 * has no cause that could be found. What is twice as slow and can be felt has one.
 */
const factor = 2;
const leastExcessMs = 250;

/**
 * Compares with earlier set-ups of the same environment on the same engine, that had the same to do: a server that runs
 * already answers sooner than one that has to start.
 * @returns a warning for each such phase
 */
export function slowPhases(current: SetUpRecord, earlier: readonly SetUpRecord[]): string[] {
  const alike = earlier.filter(
    ({ name, engine, outcome }) =>
      name === current.name && engine === current.engine && kindOf(outcome) === kindOf(current.outcome),
  );
  return current.phases.flatMap(({ phase, ms, cached }) => {
    const times = alike
      .flatMap(({ phases }) => phases.filter((other) => other.phase === phase && other.cached === cached))
      .map((other) => other.ms)
      .slice(-mostEarlier);
    const usual = median(times);
    if (times.length < leastEarlier || ms <= usual * factor || ms - usual <= leastExcessMs) return [];
    const [took, uses] = [formatDuration(ms), formatDuration(usual)];
    return [`${phaseTitles[phase]} took ${took}, and ${uses} as a rule; kserve-env timings has the history`];
  });
}

/** A set-up that made something, one that found all there, or one that came to nothing and compares with none. */
function kindOf(outcome: SetUpRecord['outcome']): string {
  return outcome === 'recreate' ? 'create' : outcome;
}
