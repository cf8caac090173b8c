import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bin, sandbox } from './run-cli.js';

const hidden = '\u001b[?25l';
const shown = '\u001b[?25h';

/** Presses keys when texts have been seen, and returns all that the terminal got, and the exit code. */
async function onTerminal(args: string, keys: { after: string; press: string }[]) {
  using box = sandbox();
  const command = `stty cols 80 rows 24; exec ${process.execPath} ${bin} ${args}`;
  const terminal = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: box.directory,
    env: { ...box.env, TERM: 'xterm', SHELL: '/bin/sh', NO_COLOR: '1' },
  });
  let seen = '';
  const left = [...keys];
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen += text;
    for (let key = left[0]; key !== undefined && seen.includes(key.after); key = left[0]) {
      terminal.stdin.write(key.press);
      left.shift();
    }
  });
  const code = await new Promise<number | null>((resolve) => terminal.on('close', resolve));
  await box.run(['down']);
  return { seen, code };
}

// `script` of util-linux lends a real terminal; other systems have another one of that name.
describe.runIf(process.platform === 'linux')('up on a terminal', () => {
  it('draws what is to come, and leaves the cursor as it was', async () => {
    const { seen, code } = await onTerminal('up --engine process', []);
    expect(seen).toContain('· Warm-up inference');
    expect(code).toBe(0);
    expect(seen.lastIndexOf(shown)).toBeGreaterThan(seen.lastIndexOf(hidden));
  });

  it('interrupted by Ctrl-C, leaves the cursor as it was', async () => {
    const { seen, code } = await onTerminal('up --engine process', [{ after: '✔ Create', press: '\u0003' }]);
    expect(code).toBe(130);
    expect(seen.lastIndexOf(hidden)).toBeGreaterThan(-1);
    expect(seen.lastIndexOf(shown)).toBeGreaterThan(seen.lastIndexOf(hidden));
  });

  it('ended by the second Ctrl-C, leaves the cursor as it was', async () => {
    const { seen, code } = await onTerminal('up --engine process', [{ after: '✔ Create', press: '\u0003\u0003' }]);
    expect(code).toBe(130);
    expect(seen.lastIndexOf(shown)).toBeGreaterThan(seen.lastIndexOf(hidden));
  });
});

describe.runIf(process.platform === 'linux')('image save on a terminal', () => {
  it('writes no archive there, and says where to', async () => {
    const { seen, code } = await onTerminal('image save', []);
    expect({ seen, code }).toEqual({
      seen: expect.stringMatching(/not written to a terminal.*kserve-env image save/s),
      code: 2,
    });
  });
});
