/** Tells which phases an `up` will have, as far as can be told. Pure. */
import type { PhaseName } from './phases.js';
import type { Plan } from './plan.js';

const first = ['engine', 'preflight', 'image'] as const satisfies PhaseName[];
const ready = ['live', 'models', 'warm-up'] as const satisfies PhaseName[];

/**
 * @param plan absent before it is known what there is: then the most likely one, a new environment
 * @param faulty whether it has faults from the start, and is not asked by its ports
 */
export function phasesToCome(plan: Plan | undefined, smoke: boolean, faulty = false): PhaseName[] {
  const kinds = plan?.operations.map(({ kind }) => kind) ?? ['create', 'start', 'await-ready'];
  const planned = kinds.flatMap((kind): readonly PhaseName[] =>
    kind === 'await-ready' ? (faulty ? ['live'] : ready) : [kind],
  );
  return [...first, ...planned, ...(smoke ? (['smoke'] as const) : [])];
}
