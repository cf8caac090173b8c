/** What models compute, as people write it. Pure. */
import { type Expectation, expectationOf } from '../checks/mathematics.js';
import { UsageError } from '../errors.js';

/** What models compute, such as `scale=2` or `my_model:sum`. @throws UsageError with examples */
export function expectationsOfWords(words: readonly string[]): Expectation[] {
  return words.map((word) => {
    const expectation = expectationOf(word);
    if (expectation === undefined) {
      throw new UsageError(`--expect: ${JSON.stringify(word)} says nothing about what a model computes`, {
        hint: 'for example scale=2, sum, product, add_sub, identity, linear=2,-1+0.5, or of one model my_model:sum',
      });
    }
    return expectation;
  });
}
