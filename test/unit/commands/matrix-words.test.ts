import { describe, expect, it } from 'vitest';
import { expectationsOfWords, serversOfWords } from '../../../src/commands/matrix-words.js';
import { suitesOfWords } from '../../../src/commands/suite-words.js';
import { UsageError } from '../../../src/errors.js';

/** The message and the hint that somebody gets. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof UsageError) return `${error.message} → ${error.hint}`;
    throw error;
  }
  throw new Error('it was taken');
}

describe('--server', () => {
  it('has a name and an address for each transport, in any order', () => {
    expect(serversOfWords(['ours', 'a b=http://h:1/base,grpcs://h:2', 'rest=https://h'])).toEqual([
      { name: 'ours' },
      { name: 'a b', http: 'http://h:1/base', grpc: 'grpcs://h:2' },
      { name: 'rest', http: 'https://h' },
    ]);
  });

  it('is the environment where nothing is given', () => {
    expect(serversOfWords([])).toEqual([{ name: 'environment' }]);
  });

  it.each([
    { words: ['a', 'b'], says: /a and b both mean the environment/ },
    { words: ['a=grpc://h:1', 'a=grpc://h:2'], says: /a is there twice/ },
    {
      words: ['=grpc://h:1'],
      says: /expected <name>=<addresses>, got "=grpc:\/\/h:1" → for example --server mlserver=/,
    },
    { words: ['grpc://h:1'], says: /expected <name>=<addresses>/ },
    { words: ['a=h:1'], says: /--server a: expected grpc:\/\/host:port or http:\/\/host:port, got "h:1"/ },
    { words: ['a='], says: /--server a: expected grpc/ },
    { words: ['a=grpc://h:1,grpc://h:2'], says: /--server a: two addresses for grpc/ },
    { words: ['a=grpc://h'], says: /--server a: expected host:port, got "grpc:\/\/h"/ },
    { words: ['a=http://'], says: /--server a: expected an http or https URL/ },
  ])('$words is refused with what to write', ({ words, says }) => {
    expect(refusal(() => serversOfWords(words))).toMatch(says);
  });

  it('shows no password of an address', () => {
    expect(refusal(() => serversOfWords(['a=http://me:secret@h:1']))).not.toContain('secret');
    expect(refusal(() => serversOfWords(['a=me:secret@h:1']))).not.toContain('secret');
  });
});

describe('--expect', () => {
  const servers = serversOfWords(['ours', 'other=grpc://h:1']);

  it('is for every model, for one, for one of a server, or for all of a server', () => {
    expect(expectationsOfWords(['identity', 'm:scale=2', 'other:m:sum', 'other::product'], servers)).toEqual([
      { mathematics: { kind: 'identity' } },
      { model: 'm', mathematics: { kind: 'scale', factor: 2 } },
      { server: 'other', model: 'm', mathematics: { kind: 'sum' } },
      { server: 'other', mathematics: { kind: 'product' } },
    ]);
  });

  it.each([
    { word: 'scale', says: /"scale" says of no model what it computes → for example scale=2/ },
    { word: 'nobody:m:sum', says: /"nobody" is none of the servers → the servers are ours, other/ },
    { word: 'a:b:c:sum', says: /says of no model/ },
  ])('$word is refused with what to write', ({ word, says }) => {
    expect(refusal(() => expectationsOfWords([word], servers))).toMatch(says);
  });
});

describe('--suite', () => {
  it('takes lists and repetition, in the order in which suites run', () => {
    expect(suitesOfWords(['errors, health', 'infer', 'health'])).toEqual(['health', 'infer', 'errors']);
  });

  it('names the suites where a word is none', () => {
    expect(refusal(() => suitesOfWords(['helth']))).toMatch(/"helth" is no suite → the suites are health, metadata,/);
  });
});
