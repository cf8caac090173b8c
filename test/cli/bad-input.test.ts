import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { twoFreePorts } from '../contract/probes.js';
import { leftBehind } from './oracle.js';
import { type Sandbox, sandbox } from './run-cli.js';

describe('bad input to a running environment', () => {
  let box: Sandbox;
  beforeAll(async () => {
    box = sandbox();
    expect((await box.run(['up'])).code).toBe(0);
  });
  afterAll(async () => {
    await box.run(['down']);
    box[Symbol.dispose]();
  });

  it.each([
    {
      what: 'an unknown model',
      args: ['infer', 'no_such_model', '1'],
      says: /NOT_FOUND: .*no_such_model/,
      next: 'kserve-env status lists the models',
    },
    {
      what: 'a datatype that is none',
      args: ['infer', 'simple_scaler', '1', '-d', 'FLOAT'],
      says: /"FLOAT" is no datatype/,
    },
    {
      what: "a datatype not the model's",
      args: ['infer', 'simple_scaler', '1', '-d', 'INT32'],
      says: /INVALID_ARGUMENT: .*INT32/,
    },
    { what: 'a word that is no number', args: ['infer', 'simple_scaler', '1', 'two'], says: /"two" is no number/ },
    { what: 'an integer out of range', args: ['infer', 'identity', '300', '-d', 'INT8'], says: /300/ },
    { what: 'a result out of range', args: ['infer', 'typed_scaler', '100', '-d', 'INT8'], says: /OUT_OF_RANGE/ },
    { what: 'a wrong count', args: ['infer', 'simple_sum', '-t', 'a=1,2', '-t', 'b=1,2,3'], says: /INVALID_ARGUMENT/ },
    { what: 'a missing input', args: ['infer', 'simple_sum', '-t', 'a=1,2'], says: /INVALID_ARGUMENT/ },
    {
      what: 'one list for two inputs',
      args: ['infer', 'simple_sum', '1'],
      says: /has 2 inputs/,
      next: '--tensor input_a=1,2,3',
    },
    { what: 'nothing to infer from', args: ['infer', 'simple_scaler'], says: /nothing to infer from/ },
    {
      what: 'an input file that is a directory',
      args: ['infer', 'identity', '--input', '.'],
      says: /--input: \. is a directory/,
    },
    { what: 'an endpoint that is none', args: ['health', '--endpoint', 'nowhere'], says: /expected host:port/ },
    { what: 'an unknown flag', args: ['status', '--wat'], says: /unknown option '--wat'/ },
    { what: 'an unknown verb', args: ['upp'], says: /unknown command 'upp'/, next: 'Did you mean up?' },
    { what: 'a duration without a unit', args: ['up', '--timeout', '10'], says: /--timeout +expected a duration/ },
    {
      what: 'an engine that is none',
      args: ['up', '--engine', 'kubernetes'],
      says: /expected one of auto, docker, podman, process/,
    },
  ])('$what exits 2 and says so', async ({ args, says, next }) => {
    const { code, stdout, stderr } = await box.run(args);
    expect(stderr).toMatch(says);
    if (next) expect(stderr).toContain(next);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('an error is one JSON object on stdout where JSON is asked for', async () => {
    const { code, answer } = await box.json(['infer', 'no_such_model', '1']);
    expect(code).toBe(2);
    expect(answer).toMatchObject({
      schemaVersion: 1,
      command: 'infer',
      status: 'error',
      data: null,
      error: { code: 'SERVER_REFUSED', retryable: false, details: { status: 'NOT_FOUND' } },
    });
    const usage = await box.json(['status', '--wat']);
    expect(usage).toMatchObject({ code: 2, answer: { error: { code: 'USAGE' } } });
  });

  it('leaves the server right', async () => {
    expect((await box.run(['infer', 'simple_scaler', '21'])).stdout).toBe('scaled_result FP64 [1]: 42\n');
  });
});

describe('on a machine where nothing runs', () => {
  let box: Sandbox;
  beforeEach(() => {
    box = sandbox();
  });
  afterEach(async () => {
    await box.run(['down']);
    expect(leftBehind(box)).toEqual([]);
    box[Symbol.dispose]();
  });

  it('down says that there is nothing, and exits 0', async () => {
    const { code, stdout } = await box.run(['down']);
    expect(code).toBe(0);
    expect(stdout).toContain('Nothing to remove');
  });

  it.each([['infer', 'simple_scaler', '1'], ['smoke'], ['health'], ['logs'], ['env']])(
    '%s exits 3 and names the command that starts one',
    async (...args) => {
      const { code, stderr } = await box.run(args);
      expect(code).toBe(3);
      expect(stderr).toContain('→ kserve-env up');
    },
  );

  it('smoke of an endpoint where nobody listens exits 4 in one line', async () => {
    const [port] = await twoFreePorts();
    const { code, stdout, stderr } = await box.run(['smoke', '--rest-url', `http://127.0.0.1:${port}`]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toContain(`ECONNREFUSED 127.0.0.1:${port}`);
  });

  it('status exits 0, and 3 where the code shall tell', async () => {
    expect((await box.run(['status'])).code).toBe(0);
    expect((await box.run(['status', '--exit-code'])).code).toBe(3);
  });

  it('a config with five mistakes names all five, with file, line, expected and got, and exits 2', async () => {
    writeFileSync(
      `${box.directory}/kserve-env.yaml`,
      [
        'version: 1',
        'engin: docker',
        'ports:',
        '  grpc: 99999',
        'budget: soon',
        'models:',
        '  - name: scaler',
        '    kind: scale',
        '    factor: two',
        '  - name: other',
        '    kind: neural',
      ].join('\n'),
    );
    const { code, answer } = await box.json(['up'], { env: { KSERVE_ENV_GRPC_PORT: '' } });
    expect(code).toBe(2);
    const problems = answer.error?.details.problems;
    const source = 'kserve-env.yaml';
    expect(problems).toHaveLength(5);
    expect(problems).toEqual(
      expect.arrayContaining([
        { source, line: 2, path: 'engin', expected: 'a known key', got: '"engin"' },
        { source, line: 4, path: 'ports.grpc', expected: 'a value of at most 65535', got: '99999' },
        { source, line: 5, path: 'budget', expected: expect.stringContaining('a duration'), got: '"soon"' },
        { source, line: 9, path: 'models.0.factor', expected: 'a number', got: '"two"' },
        { source, line: 11, path: 'models.1.kind', expected: expect.stringContaining('scale, sum'), got: '"neural"' },
      ]),
    );
    const text = await box.run(['up'], { env: { KSERVE_ENV_GRPC_PORT: '' } });
    expect(text.stderr).toContain('kserve-env.yaml:9  models.0.factor: expected a number, got "two"');
  });

  it('down works with that config', async () => {
    writeFileSync(`${box.directory}/kserve-env.yaml`, 'models: [');
    expect((await box.run(['down'])).code).toBe(0);
  });

  it('a config that is a directory exits 2', async () => {
    mkdirSync(`${box.directory}/kserve-env.yaml`);
    const { code, stderr } = await box.run(['up']);
    expect(code).toBe(2);
    expect(stderr).toContain('expected a regular file, got a directory');
  });

  it('init never replaces a file unless forced', async () => {
    expect((await box.run(['init'])).code).toBe(0);
    const again = await box.run(['init']);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('exists already');
    expect((await box.run(['init', '--force'])).code).toBe(0);
    expect((await box.run(['up', '--dry-run'])).code).toBe(0);
  });

  it('--dry-run says what would be done and why, and makes nothing', async () => {
    const { code, answer } = await box.json(['up', '--dry-run']);
    expect(code).toBe(0);
    expect(answer.data.operations.map(({ kind }: { kind: string }) => kind)).toEqual([
      'image',
      'create',
      'start',
      'await-ready',
    ]);
    for (const { reason } of answer.data.operations) expect(reason).not.toBe('');
  });

  it('a set-up over its budget exits 10 and leaves the environment running', async () => {
    const { code, answer } = await box.json(['up', '--budget', '1ms']);
    expect(code).toBe(10);
    expect(answer).toMatchObject({ data: { budget: { over: true } }, error: { code: 'OVER_BUDGET' } });
    expect((await box.run(['health'])).code).toBe(0);
  });

  it('Ctrl-C in serve ends it, with nothing left', async () => {
    const { child, sees, done } = box.start(['serve']);
    await sees('Serving gRPC on');
    child.kill('SIGINT');
    expect((await done).code).toBe(0);
  });
});
