import { describe, expect, it } from 'vitest';
import { type RuleWords, rulesOfWords } from '../../../src/commands/metrics-words.js';

const short = { model: 'm', metrics: ['a', 'b'] };

describe('rules from words', () => {
  it('the short form and --rule are rules with all that is said of every rule', () => {
    const words = {
      ...short,
      rules: ['n=c', 'o=d,e'],
      parameters: ['k=1'],
      modelVersion: '2',
      outputPattern: 'p',
      per: 'series' as const,
    };
    const common = {
      mode: { kind: 'latest' },
      parameters: { k: 1n },
      modelVersion: '2',
      outputPattern: 'p',
      per: 'series',
    };
    expect(rulesOfWords(words)).toEqual([
      { model: 'm', metrics: ['a', 'b'], ...common },
      { model: 'n', metrics: ['c'], ...common },
      { model: 'o', metrics: ['d', 'e'], ...common },
    ]);
  });

  it.each<{ words: RuleWords; mode: unknown }>([
    { words: {}, mode: { kind: 'latest' } },
    { words: { mode: 'latest' }, mode: { kind: 'latest' } },
    { words: { mode: 'all' }, mode: { kind: 'all' } },
    { words: { mode: 'window:5' }, mode: { kind: 'window', size: 5 } },
    { words: { mode: 'window', window: 5 }, mode: { kind: 'window', size: 5 } },
    { words: { mode: 'window:5', window: 5 }, mode: { kind: 'window', size: 5 } },
    { words: { window: 5 }, mode: { kind: 'window', size: 5 } },
  ])('$words is the mode $mode', ({ words, mode }) => {
    expect(rulesOfWords({ ...short, ...words })[0]?.mode).toEqual(mode);
  });

  it.each<{ words: RuleWords; says: string }>([
    { words: {}, says: 'There is no rule' },
    { words: { model: 'm' }, says: '--model m has no --metric' },
    { words: { metrics: ['a'] }, says: '--metric a has no --model' },
    { words: { rules: ['m'] }, says: '--rule: expected model=metric[,metric...], got "m"' },
    { words: { rules: ['m='] }, says: '--rule: expected' },
    { words: { rules: ['m=a,,b'] }, says: '--rule: expected' },
    { words: { ...short, mode: 'newest' }, says: '--mode: expected latest, window:N or all, got "newest"' },
    { words: { ...short, mode: 'window' }, says: '--mode window needs a size' },
    { words: { ...short, mode: 'window:0' }, says: '--mode: expected' },
    { words: { ...short, mode: 'window:3', window: 4 }, says: '--window 4 and --mode window:3 exclude each other' },
    { words: { ...short, mode: 'all', window: 4 }, says: '--window 4 and --mode all exclude each other' },
    { words: { ...short, parameters: ['x'] }, says: '--parameter: expected name=value' },
  ])('$words is refused: $says', ({ words, says }) => {
    expect(() => rulesOfWords(words)).toThrow(says);
  });
});
