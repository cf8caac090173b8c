import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sandbox } from './run-cli.js';

const bin = fileURLToPath(new URL('../../bin/kserve-env.js', import.meta.url));

describe('a reader that has gone', () => {
  it('from stderr does not stop up halfway', async () => {
    using box = sandbox();
    const up = spawn(process.execPath, [bin, 'up'], {
      cwd: box.directory,
      env: box.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await once(up.stderr, 'data');
    up.stderr.destroy();
    up.stdout.resume();
    const [code] = (await once(up, 'exit')) as [number | null];
    expect(code).toBe(0);
    expect((await box.run(['health'])).code).toBe(0);
    await box.run(['down']);
  });

  it('from stdout ends logs --follow, which is no error', async () => {
    using box = sandbox();
    expect((await box.run(['up'])).code).toBe(0);
    const args = [bin, 'logs', '--follow'];
    const logs = spawn(process.execPath, args, {
      cwd: box.directory,
      env: box.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(logs.stdout, 'data');
    logs.stdout.destroy();
    const ended = once(logs, 'exit') as Promise<[number | null]>;
    // The server's own words at its end are the next that cannot be written.
    await box.run(['down']);
    expect((await ended)[0]).toBe(0);
  });
});

it('an inference that waits for standard input ends with Ctrl-C', async () => {
  using box = sandbox();
  expect((await box.run(['up'])).code).toBe(0);
  const args = [bin, 'infer', 'identity', '--input', '-'];
  const infer = spawn(process.execPath, args, { cwd: box.directory, env: box.env, stdio: ['pipe', 'pipe', 'pipe'] });
  const words: string[] = [];
  infer.stderr.setEncoding('utf8').on('data', (text: string) => words.push(text));
  // Half a body shows that it is being read: the pipe has drained.
  await new Promise<void>((resolve) => infer.stdin.write(' '.repeat(1024 * 1024), () => resolve()));
  infer.kill('SIGINT');
  const [code] = (await once(infer, 'close')) as [number | null];
  expect({ code, words: words.join('') }).toEqual({ code: 130, words: 'error: Interrupted by SIGINT\n' });
  await box.run(['down']);
});
