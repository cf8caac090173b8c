/** Names of suites as people write them. Pure. */
import { type SuiteName, suiteNames } from '../checks/case.js';
import { UsageError } from '../errors.js';

/** Words such as `health` or `infer,errors`, in the order in which suites run. Throws UsageError for any other. */
export function suitesOfWords(words: readonly string[]): SuiteName[] {
  const wanted = words.flatMap((word) => word.split(',')).map((word) => word.trim());
  for (const word of wanted) {
    if (suiteNames.some((name) => name === word)) continue;
    throw new UsageError(`--suite: ${JSON.stringify(word)} is no suite`, {
      hint: `the suites are ${suiteNames.join(', ')}`,
    });
  }
  return suiteNames.filter((name) => wanted.includes(name));
}
