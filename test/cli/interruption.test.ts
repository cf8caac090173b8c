import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leftBehind } from './oracle.js';
import { bin, type Sandbox, sandbox } from './run-cli.js';

describe.each([
  { signal: 'SIGINT', expected: 130 },
  { signal: 'SIGTERM', expected: 143 },
] as const)('$signal during up', ({ signal, expected }) => {
  let box: Sandbox;
  beforeEach(() => {
    box = sandbox();
  });
  afterEach(() => box[Symbol.dispose]());

  it.each(['Engine', 'Preflight', 'Image', 'Create', 'Start', 'Server live', 'Models ready', 'Warm-up'])(
    `after “%s” exits ${expected} and leaves nothing`,
    async (phase) => {
      const { child, sees, done } = box.start(['up', '--engine', 'process', '--smoke', '--json']);
      await sees(`✔ ${phase}`);
      child.kill(signal);
      const { code, stdout } = await done;
      expect(code).toBe(expected);
      expect(JSON.parse(stdout)).toMatchObject({ status: 'error', error: { code: 'INTERRUPTED' } });
      expect(leftBehind(box)).toEqual([]);
    },
  );
});

// `script` of util-linux lends a real terminal; other systems have another one of that name.
it.runIf(process.platform === 'linux')('a terminal that is closed during up leaves nothing', async () => {
  using box = sandbox();
  const command = `exec ${process.execPath} ${bin} up --engine process --progress plain`;
  const terminal = spawn('script', ['-qfec', command, '/dev/null'], { env: box.env, cwd: box.directory });
  const seen = new Promise<void>((resolve) => {
    let output = '';
    terminal.stdout.on('data', (chunk) => {
      output += chunk;
      // On a terminal the mark before it has a colour.
      if (/ Create .*ms/.test(output)) resolve();
    });
  });
  await seen;
  // With the program that holds its other side, the terminal goes, and the kernel says so to who runs on it.
  terminal.kill('SIGKILL');
  await expect.poll(() => leftBehind(box), { timeout: 20_000 }).toEqual([]);
});

it('down sweeps the lock of a command that was killed', async () => {
  using box = sandbox();
  const { child, sees, done } = box.start(['up', '--engine', 'process']);
  await sees('✔ Preflight');
  child.kill('SIGKILL');
  await done;
  await box.run(['down']);
  expect(leftBehind(box)).toEqual([]);
});

describe('two or more at once', () => {
  it('eight up of one name make one environment, and all of them succeed', async () => {
    using box = sandbox();
    const results = await Promise.all(Array.from({ length: 8 }, () => box.json(['up'])));
    expect(results.map(({ code }) => code)).toEqual(Array(8).fill(0));
    const outcomes = results.map(({ answer }) => answer.data.outcome);
    expect(outcomes.filter((outcome) => outcome === 'create')).toHaveLength(1);
    expect(new Set(results.map(({ answer }) => answer.data.endpoints.grpc)).size).toBe(1);
    await box.run(['down']);
    expect(leftBehind(box)).toEqual([]);
  });

  it('a command that was killed leaves nothing that the next one does not sweep', async () => {
    using box = sandbox();
    for (const phase of ['Preflight', 'Create', 'Start', 'Server live']) {
      const { child, sees, done } = box.start(['up']);
      await sees(`✔ ${phase}`);
      child.kill('SIGKILL');
      await done;
      const { code } = await box.json(['up']);
      expect({ phase, code }).toEqual({ phase, code: 0 });
      await box.run(['down']);
      expect(leftBehind(box)).toEqual([]);
    }
  });
});
