import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, sandbox } from './run-cli.js';

describe('an environment on a machine without a container engine', () => {
  let box: Sandbox;
  let endpoints: { grpc: string; http: string };

  beforeAll(async () => {
    box = sandbox();
    const { code, answer, stderr } = await box.json(['up', '--smoke']);
    expect({ code, stderr, error: answer.error }).toMatchObject({ code: 0, error: null });
    endpoints = answer.data.endpoints;
    expect(answer).toMatchObject({
      schemaVersion: 1,
      command: 'up',
      status: 'ok',
      data: { outcome: 'create', engine: { kind: 'process' }, smoke: { summary: { failed: 0, skipped: 0, noted: 0 } } },
    });
    // auto says what it chose and why.
    expect(answer.data.engine.reason).toContain('no Docker');
  });

  afterAll(async () => {
    await box.run(['down']);
    box[Symbol.dispose]();
  });

  it('times every phase and tells the share of the budget', async () => {
    const { answer } = await box.json(['up']);
    const names = answer.data.phases.map(({ phase }: { phase: string }) => phase);
    expect(names).toEqual(['engine', 'preflight', 'image', 'live', 'models', 'warm-up']);
    for (const { ms } of answer.data.phases) expect(ms).toBeGreaterThanOrEqual(0);
    const { totalMs, budgetMs, share, over } = answer.data.budget;
    expect(budgetMs).toBe(300_000);
    expect(share).toBeCloseTo(totalMs / budgetMs, 5);
    expect(over).toBe(false);
  });

  it('is left alone by a second up with the same config', async () => {
    const before = await box.json(['status']);
    const { code, answer } = await box.json(['up']);
    const after = await box.json(['status']);
    expect(code).toBe(0);
    expect(answer.data.outcome).toBe('unchanged');
    expect(after.answer.data.id).toBe(before.answer.data.id);
  });

  it('answers an inference with negative numbers from the shell', async () => {
    const { code, stdout } = await box.run(['infer', 'simple_scaler', '1', '-2.5', '3']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'scaled_result FP64 [3]: 2 -5 6\n' });
  });

  it.each([
    { name: 'raw', flags: ['--raw'] },
    { name: 'REST', flags: ['--rest'] },
    { name: 'REST with binary data', flags: ['--rest', '--raw'] },
  ])('answers the same over $name', async ({ flags }) => {
    const { stdout } = await box.run(['infer', 'simple_scaler', ...flags, '--', '1', '-2.5', '3']);
    expect(stdout).toBe('scaled_result FP64 [3]: 2 -5 6\n');
  });

  it('takes inputs by name, a request parameter and another datatype', async () => {
    const sum = await box.run(['infer', 'simple_sum', '-t', 'input_a=1,2', '-t', 'input_b=-10,20']);
    expect(sum.stdout).toBe('sum_result FP64 [2]: -9 22\n');
    const scaled = await box.run(['infer', 'simple_scaler', '5', '-p', 'scale_factor=3']);
    expect(scaled.stdout).toBe('scaled_result FP64 [1]: 15\n');
    const exact = await box.run(['infer', 'typed_scaler', '-d', 'int64', '4503599627370497']);
    expect(exact.stdout).toBe('scaled_result INT64 [1]: 9007199254740994\n');
  });

  it('keeps int64 exact in JSON, and reads a request body from standard input', async () => {
    const body = '{"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[9007199254740993]}]}';
    const { code, stdout } = await box.run(['infer', 'identity', '--input', '-', '--json'], { stdin: body });
    expect(code).toBe(0);
    expect(stdout).toContain('9007199254740993');
  });

  it('is described by status, with its models and no drift', async () => {
    const { code, answer } = await box.json(['status']);
    expect(code).toBe(0);
    expect(answer.data).toMatchObject({ state: 'running', endpoints, drift: [], health: { live: true, ready: true } });
    expect(answer.data.usage.memoryBytes).toBeGreaterThan(0);
    expect(answer.data.models).toContainEqual({ name: 'simple_scaler', versions: ['1'], kind: 'scale', ready: true });
  });

  it('is healthy, as a person and as a script is told', async () => {
    const { code, stdout } = await box.run(['health', '--wait']);
    expect(code).toBe(0);
    expect(stdout).toContain('✔ simple_scaler');
    const { answer } = await box.json(['health', '--endpoint', endpoints.grpc, '--model', 'identity']);
    expect(answer.data).toMatchObject({ live: true, ready: true, models: [{ name: 'identity', ready: true }] });
  });

  it('passes smoke at its endpoints as anybody’s server would', async () => {
    const { code, answer } = await box.json(['smoke', '--endpoint', endpoints.grpc, '--rest-url', endpoints.http]);
    expect(code).toBe(0);
    expect(answer.data.summary).toMatchObject({ failed: 0, noted: 0, skipped: 0 });
    const live = answer.data.cases.filter(({ id }: { id: string }) => id.startsWith('metrics/live/'));
    expect(live.flatMap(({ transports }: { transports: string[] }) => transports)).toContain('rest');
  });

  it('gives its endpoints to a shell', async () => {
    const { stdout } = await box.run(['env']);
    expect(stdout).toContain(`export KSERVE_GRPC_ENDPOINT='${endpoints.grpc}'\n`);
    const github = await box.run(['env', '--format', 'github']);
    expect(github.stdout).toContain(`KSERVE_HTTP_URL=${endpoints.http}\n`);
    expect((await box.run(['env', '--unset'])).stdout).toContain('unset KSERVE_GRPC_ENDPOINT\n');
  });

  it('shows what its server wrote', async () => {
    const { code, stdout } = await box.run(['logs', '--tail', '5']);
    expect(code).toBe(0);
    expect(stdout).toContain('simple_scaler');
    const { answer } = await box.json(['logs']);
    expect(answer.data.lines.length).toBeGreaterThan(0);
  });

  it('shows what its server writes until Ctrl-C, which is success', async () => {
    const { child, sees, done } = box.start(['logs', '--follow']);
    await sees('server started');
    child.kill('SIGINT');
    expect(await done).toMatchObject({ code: 0, stderr: '' });
  });

  it('does not drift from its config by what a flag said', async () => {
    const { answer } = await box.json(['status'], { env: { KSERVE_ENV_GRPC_PORT: '', KSERVE_ENV_HTTP_PORT: '' } });
    expect(answer.data.drift).toEqual([]);
  });

  it('is recreated when its config changes, and says what differs', async () => {
    const models = 'models: [{name: simple_scaler, kind: scale, factor: 3}]';
    writeFileSync(`${box.directory}/kserve-env.yaml`, models);
    const { answer: status } = await box.json(['status']);
    expect(status.data.drift).toContain('server.models.0.factor: 2 → 3');
    const { answer } = await box.json(['up']);
    expect(answer.data.outcome).toBe('recreate');
    expect(answer.data.changes).toContain('server.models.0.factor: 2 → 3');
    const { stdout } = await box.run(['infer', 'simple_scaler', '2']);
    expect(stdout).toBe('scaled_result FP64 [1]: 6\n');
  });
});
