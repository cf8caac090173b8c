import { describe, expect, it } from 'vitest';
import { configFlags, runCommand, type Terminal } from '../../../src/cli/run.js';
import { InterruptedError, UsageError } from '../../../src/errors.js';
import { recorder } from './terminal.js';

function terminal(signal = new AbortController().signal) {
  const [stdout, stderr] = [recorder(), recorder()];
  const lent: Terminal = { stdout: stdout.stream, stderr: stderr.stream, env: {}, cwd: '/', signal };
  return { lent, stdout, stderr };
}

const render = ({ name }: { name: string }) => name;
const ok = async () => ({ data: { name: 'mine' }, warnings: [] });

describe('a command', () => {
  it('that succeeds writes its result to stdout and exits 0', async () => {
    const { lent, stdout, stderr } = terminal();
    expect(await runCommand('up', lent, {}, ok, render)).toBe(0);
    expect([stdout.text(), stderr.text()]).toEqual(['mine\n', '']);
  });

  it('writes warnings to stderr', async () => {
    const { lent, stdout, stderr } = terminal();
    await runCommand('up', lent, {}, async () => ({ data: { name: 'mine' }, warnings: ['slow', 'old'] }), render);
    expect([stdout.text(), stderr.text()]).toEqual(['mine\n', 'warning: slow\nwarning: old\n']);
  });

  it('that found a failure writes its data, then the failure, and exits with its code', async () => {
    const { lent, stdout, stderr } = terminal();
    const found = async () => ({
      data: { name: 'mine' },
      warnings: [],
      failure: new UsageError('no', { hint: 'yes' }),
    });
    expect(await runCommand('up', lent, {}, found, render)).toBe(2);
    expect([stdout.text(), stderr.text()]).toEqual(['mine\n', 'error: no\n  → yes\n']);
  });

  it('that throws writes nothing to stdout', async () => {
    const { lent, stdout, stderr } = terminal();
    expect(await runCommand('up', lent, {}, () => Promise.reject(new UsageError('no')), render)).toBe(2);
    expect([stdout.text(), stderr.text()]).toEqual(['', 'error: no\n']);
  });

  it('that throws what nobody foresaw exits 1, with the stack', async () => {
    const { lent, stderr } = terminal();
    expect(await runCommand('up', lent, {}, () => Promise.reject(new TypeError('x')), render)).toBe(1);
    expect(stderr.text()).toMatch(/^error: TypeError: x\n {4}at .*this is a bug/s);
  });

  it('that was interrupted says so, whatever that made fail', async () => {
    const controller = new AbortController();
    const { lent, stderr } = terminal(controller.signal);
    const interrupted = async () => {
      controller.abort(new InterruptedError('SIGTERM'));
      throw new TypeError('the socket is gone');
    };
    expect(await runCommand('up', lent, {}, interrupted, render)).toBe(143);
    expect(stderr.text()).toBe('error: Interrupted by SIGTERM\n');
  });

  it('writes one JSON document to stdout in success, failure and error, and nothing to stderr', async () => {
    for (const { command, code } of [
      { command: ok, code: 0 },
      { command: async () => ({ ...(await ok()), failure: new UsageError('no') }), code: 2 },
      { command: () => Promise.reject(new TypeError('x')), code: 1 },
    ]) {
      const { lent, stdout, stderr } = terminal();
      expect(await runCommand('up', lent, { json: true, verbose: true }, command, render)).toBe(code);
      expect(JSON.parse(stdout.text())).toMatchObject({ command: 'up', status: code === 0 ? 'ok' : 'error' });
      expect(stderr.text()).toBe('');
    }
  });
});

it('on a terminal a result cannot move the cursor; to a program it goes as it is', async () => {
  for (const isTTY of [true, false]) {
    const { lent } = terminal();
    const stdout = recorder({ isTTY });
    await runCommand('infer', { ...lent, stdout: stdout.stream }, {}, ok, () => 'a\u001b[2J\nb');
    expect(stdout.text()).toBe(isTTY ? 'a\\u001b[2J\nb\n' : 'a\u001b[2J\nb\n');
  }
});

it('flags reach the config under the names that its messages use', () => {
  expect(configFlags({ grpcPort: '1', httpPort: '2', name: 'a', json: true })).toMatchObject({
    'grpc-port': '1',
    'http-port': '2',
    name: 'a',
  });
});
