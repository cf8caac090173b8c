/** All mutants. docs/decisions/0019-mutants.md says what they are for. */
import type { TableMutation } from './mutant-make.js';
import { wrongFacts } from './mutant-wrong-facts.js';
import { wrongFaults } from './mutant-wrong-faults.js';
import { wrongForms } from './mutant-wrong-forms.js';
import { wrongHeads } from './mutant-wrong-heads.js';
import { wrongRefusals } from './mutant-wrong-refusals.js';
import { wrongStreams } from './mutant-wrong-streams.js';
import { wrongTurns } from './mutant-wrong-turns.js';
import { wrongValues } from './mutant-wrong-values.js';

/** Every mutant, each of which must be caught by each suite that it names. */
export const mutants: readonly TableMutation[] = [
  ...wrongValues,
  ...wrongHeads,
  ...wrongForms,
  ...wrongRefusals,
  ...wrongFacts,
  ...wrongTurns,
  ...wrongStreams,
  ...wrongFaults,
];
