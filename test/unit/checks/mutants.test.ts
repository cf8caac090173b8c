/** A case that passes must be able to fail: each mutant is caught by every suite that it names, for its own reason. */
import { describe, expect, it } from 'vitest';
import { suiteNames, transports } from '../../../src/checks/case.js';
import { mutants } from '../../fakes/mutant-table.js';
import { hunt } from './mutant-hunt.js';

describe.each(mutants)('$name: $what', (mutation) => {
  const { suites, says, over = transports } = mutation;
  it.each([...over.map((only) => [only]), [...transports]])('is caught over %s %s', async (...reached) => {
    const caught = await hunt(mutation, reached);
    const expected = suites.map((suite) => [suite, expect.stringMatching(says[suite] as RegExp)]);
    expect(Object.fromEntries(caught.map(({ suite, message }) => [suite, message]))).toEqual(
      Object.fromEntries(expected),
    );
  });
});

describe('the table', () => {
  it.each(suiteNames)('has three mutants or more for the suite %s', (suite) => {
    expect(mutants.filter(({ suites }) => suites.includes(suite)).length).toBeGreaterThanOrEqual(3);
  });

  it('has each name once', () => {
    const names = mutants.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
