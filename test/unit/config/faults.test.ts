import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { ConfigError } from '../../../src/config/problems.js';
import { faultKindNames } from '../../../src/faults/kinds.js';
import { workspace } from './workspace.js';

async function load(config: string) {
  using space = workspace(config);
  return await loadConfig({ cwd: space.directory, env: {}, flags: {} });
}

async function problemsOf(config: string) {
  const error = await load(config).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigError)) throw error;
  return error.problems;
}

describe('faults in the config', () => {
  it('are filled in', async () => {
    const { config } = await load(
      'faults:\n  - kind: delay\n    model: simple-scaler\n  - { kind: crash, rpc: ModelInfer }',
    );
    expect(config.faults).toEqual([
      { kind: 'delay', time: '1s', distribution: 'uniform', model: 'simple-scaler' },
      { kind: 'crash', exitCode: 70, rpc: 'ModelInfer' },
    ]);
  });

  it.each([
    {
      what: 'a kind that there is not',
      config: 'faults:\n  - kind: not-ready\n  - kind: hnag',
      problem: { line: 3, path: 'faults.1.kind', expected: `one of ${faultKindNames.join(', ')}`, got: '"hnag"' },
    },
    {
      what: 'a setting of another kind',
      config: 'faults:\n  - kind: hang\n    jitter: 1s',
      problem: { line: 3, path: 'faults.0.jitter', expected: /^a setting of hang \(it has none\) or a condition/ },
    },
    {
      what: 'a wrong setting',
      config: 'faults:\n  - kind: delay\n    time: 5',
      problem: { line: 3, path: 'faults.0.time', expected: /^a duration with a unit/, got: '5' },
    },
    {
      what: 'a condition that cannot be met',
      config: 'faults:\n  - kind: refuse\n    rpc: ModelInfer',
      problem: { line: 3, path: 'faults.0.rpc', expected: /^nothing: refuse takes effect when it is added/ },
    },
    {
      what: 'a model that there is not',
      config: 'models: [{ name: mine, kind: sum, aliases: [also] }]\nfaults:\n  - kind: hang\n    model: others',
      problem: { line: 4, path: 'faults.0.model', expected: 'one of the models (mine, also)', got: '"others"' },
    },
    {
      what: 'a model that is not among the usual ones',
      config: 'faults: [{ kind: hang, model: mine }]',
      problem: { line: 1, path: 'faults.0.model', expected: /^one of the models \(simple_scaler, / },
    },
    {
      what: 'a certificate without TLS of ours',
      config: 'faults:\n  - kind: expired-certificate',
      problem: { line: 2, path: 'faults.0.kind', expected: 'tls: auto beside expired-certificate', got: 'tls: "off"' },
    },
    {
      what: 'no fault',
      config: 'faults: [7]',
      problem: { line: 1, path: 'faults.0', expected: 'an object', got: '7' },
    },
  ])('$what is told with its line', async ({ config, problem }) => {
    const { expected } = problem;
    const text = typeof expected === 'string' ? expected : expect.stringMatching(expected);
    expect(await problemsOf(config)).toEqual([expect.objectContaining({ ...problem, expected: text })]);
  });

  it('cannot break the reading of what is wrong', async () => {
    expect(
      await problemsOf('faults: [{ kind: { toString: 1 }, x: 1 }]\nmodels: [{ name: { toString: 1 } }]'),
    ).not.toEqual([]);
  });
});
