import { expect, it } from 'vitest';
import { sandbox } from '../cli/run-cli.js';

// By its own name, as a user's test suite imports it: this is the built package, types and all.
const api = 'kserve-env';

it('the package’s API starts, asks and removes an environment', async () => {
  using box = sandbox();
  const { up, infer, status, down, commandContext } = (await import(api)) as typeof import('../../src/index.js');
  const phases: string[] = [];
  const context = commandContext({
    cwd: box.directory,
    env: box.env,
    progress: {
      ...commandContext().progress,
      phaseFinished: ({ phase }) => phases.push(phase),
    },
  });
  try {
    const { data } = await up({}, context);
    expect(data).toMatchObject({ outcome: 'create', engine: { kind: 'process' } });
    expect(phases.at(-1)).toBe('warm-up');
    const answer = await infer({ model: 'simple_scaler', values: ['1', '-2.5'] }, context);
    expect(answer.data.outputs).toEqual([{ name: 'scaled_result', datatype: 'FP64', shape: [2], data: [2, -5] }]);
    expect((await status({}, context)).data.state).toBe('running');
  } finally {
    expect((await down({}, context)).data.removed).toHaveLength(1);
  }
});

it('a failure of the API is an error with a code, an exit code and a hint', async () => {
  using box = sandbox();
  const { infer, commandContext, KServeEnvError } = (await import(api)) as typeof import('../../src/index.js');
  const context = commandContext({ cwd: box.directory, env: box.env });
  const error = await infer({ model: 'simple_scaler', values: ['1'] }, context).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(KServeEnvError);
  expect(error).toMatchObject({ code: 'NOT_RUNNING', exitCode: 3, hint: 'kserve-env up' });
});
