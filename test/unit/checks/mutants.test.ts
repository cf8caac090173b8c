/** A case that passes must be able to fail: each mutant is caught by every suite that it names, for its own reason. */
import { describe, expect, it } from 'vitest';
import { suiteNames, type Transport, transports } from '../../../src/checks/case.js';
import { mutants } from '../../fakes/mutant-table.js';
import { hunt, told } from './mutant-hunt.js';

describe.each(mutants)('$name: $what', (mutation) => {
  const { suites, says, over = transports } = mutation;
  const ways: { way: string; reached: readonly Transport[] }[] = [
    ...over.map((one) => ({ way: `${one} alone`, reached: [one] })),
    { way: 'both transports', reached: transports },
  ];
  it.each(ways)('is caught over $way', async ({ reached }) => {
    const caught = await hunt(mutation, reached);
    const found = Object.fromEntries(caught.map(({ suite, result }) => [suite, result && told(result)]));
    const wanted = caught.map(({ suite }) => [suite, expect.stringMatching(says[suite] as RegExp)]);
    expect(found).toEqual(Object.fromEntries(wanted));
    if (reached.length === transports.length) expect(Object.keys(found)).toEqual(suites);
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
