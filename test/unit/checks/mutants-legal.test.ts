/** What other servers may do: of ours it is a failure, of them a note. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SuiteName } from '../../../src/checks/case.js';
import type { ServerProfile } from '../../../src/checks/profile.js';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { OipError } from '../../../src/protocol/status.js';
import type { Mutation } from '../../fakes/mutant-behaviour.js';
import { startMutant } from '../../fakes/mutant-server.js';
import { mutants } from '../../fakes/mutant-table.js';
import { allModels, check, type Served, serve, withVerdict } from './served.js';

let right: Served;
beforeAll(async () => {
  right = await serve(allModels);
});
afterAll(() => right[Symbol.asyncDispose]());

const byName = (name: string): Mutation => {
  const found = mutants.find((one) => one.name === name);
  if (!found) throw new Error(`there is no mutant ${name}`);
  return found;
};

/** Differences that are in no table, since no suite may fail by them. */
const others: Mutation[] = [
  {
    name: 'versionless',
    what: 'the server names no version',
    suites: [],
    behave: () => ({
      fact: ({ method, answer }) =>
        method === 'ServerMetadata' && !(answer instanceof OipError) ? { ...answer, version: '' } : undefined,
    }),
  },
];

const foreign = (server: ServerProfile): ServerProfile => ({ ...server, ours: false });

/** Suite by suite: what a server does, and what is said of it. */
const rows: { suite: SuiteName; name: string; cases?: string[]; only?: 'grpc'; says: RegExp }[] = [
  { suite: 'errors', name: 'wrong-status', says: /answered INVALID_ARGUMENT, where most clients expect NOT_FOUND/ },
  {
    suite: 'errors',
    name: 'all-internal',
    cases: ['errors/unknown-*'],
    says: /answered INTERNAL, .* retries what can never work/,
  },
  { suite: 'errors', name: 'silent-errors', cases: ['errors/shape'], says: /the error says nothing/ },
  { suite: 'errors', name: 'error-as-text', cases: ['errors/json'], says: /the body has no "error"/ },
  {
    suite: 'errors',
    name: 'method-not-told',
    cases: ['errors/method'],
    says: /allow is absent, where POST is expected/,
  },
  {
    suite: 'errors',
    name: 'method-not-found',
    cases: ['errors/method'],
    says: /answered 404, where most clients expect 405/,
  },
  { suite: 'errors', name: 'wrong-datatype-accepted', cases: ['errors/datatype/number'], says: /accepted.*MLServer/ },
  { suite: 'infer', name: 'raw-for-typed', only: 'grpc', says: /raw/ },
  { suite: 'infer', name: 'typed-for-raw', only: 'grpc', says: /typed|JSON/ },
  { suite: 'infer', name: 'outputs-ignored', only: 'grpc', says: /OUTPUT1 alone was requested.*(KServe|MLServer)/ },
  { suite: 'infer', name: 'empty-refused', says: /empty tensors are refused/ },
  { suite: 'metadata', name: 'versionless', says: /version/ },
];

describe('a server that is not ours', () => {
  it.each(rows)('may be $name: $suite notes it, and fails nothing', async ({ suite, name, cases = [], only, says }) => {
    const mutation = others.find((one) => one.name === name) ?? byName(name);
    await using mutant = await startMutant(right, mutation);
    const results = await check(mutant, {
      configured: allModels,
      suites: [suite],
      cases,
      ...(only && { only }),
      profile: foreign,
    });
    expect(withVerdict(results, 'failed').map(({ id, message }) => `${id}: ${message}`)).toEqual([]);
    expect(withVerdict(results, 'noted').map(({ message }) => message)).toContainEqual(expect.stringMatching(says));
  });

  it('may have no streams: its suite is skipped', async () => {
    await using mutant = await startMutant(right, byName('stream-unimplemented'));
    const results = await check(mutant, { configured: allModels, suites: ['streaming'], profile: foreign });
    const verdicts = new Set(results.map(({ status }) => status));
    expect(verdicts).toContain('skipped');
    expect(verdicts).not.toContain('failed');
  });

  it('may bind inputs by name alone: its metrics are skipped, and the reason names the servers that do', async () => {
    const models = [{ kind: 'scale', name: 'strict', strictInputs: true }].map((model) =>
      modelConfigSchema.parse(model),
    );
    await using server = await serve(models);
    const profile = (found: ServerProfile) => ({
      ...foreign(found),
      models: found.models.map(({ config: _, ...model }) => model),
    });
    const results = await check(server, { configured: models, suites: ['metrics'], profile });
    expect(withVerdict(results, 'failed')).toEqual([]);
    const skipped = withVerdict(results, 'skipped').map(({ message }) => message);
    expect(skipped).toContainEqual(
      expect.stringMatching(/^strict takes inputs by their own names alone, as Triton and OVMS/),
    );
  });
});
