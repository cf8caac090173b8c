import { expect, it } from 'vitest';
import { quotedWord } from '../../src/shell-word.js';

it('a word of a shell has quotes where it needs them', () => {
  expect(['a-b_c.d/e:1,2@%+=', '', "it's", '$x', '~', '#', 'a b'].map(quotedWord)).toEqual([
    'a-b_c.d/e:1,2@%+=',
    "''",
    "'it'\\''s'",
    "'$x'",
    "'~'",
    "'#'",
    "'a b'",
  ]);
});
