import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leftBehind } from './oracle.js';
import { bin, type Sandbox, sandbox } from './run-cli.js';

let box: Sandbox;
beforeEach(async () => {
  box = sandbox();
  await box.run(['up', '--name', 'mine']);
});
afterEach(async () => {
  await box.run(['down', '--all']);
  expect(leftBehind(box)).toEqual([]);
  box[Symbol.dispose]();
});

/** Runs it on a terminal, and types the answer when it is asked for one. */
function onTerminal(args: string, answer: string): Promise<{ code: number | null; output: string }> {
  // `script` of util-linux lends a real terminal.
  const command = `exec ${process.execPath} ${bin} ${args}`;
  const terminal = spawn('script', ['-qefc', command, '/dev/null'], { env: box.env, cwd: box.directory });
  let output = '';
  let asked = false;
  terminal.stdout.on('data', (chunk) => {
    output += chunk;
    if (!asked && output.includes('[y/N]')) terminal.stdin.write(answer);
    asked ||= output.includes('[y/N]');
  });
  return new Promise((resolve) => terminal.on('close', (code) => resolve({ code, output })));
}

const names = async () =>
  (await box.json(['ls'])).answer.data.environments.map(({ name }: { name: string }) => name) as string[];

describe.runIf(process.platform === 'linux')('down --all on a terminal', () => {
  it('shows what would go, asks, and removes it after a yes', async () => {
    const { code, output } = await onTerminal('down --all', 'y\n');
    expect(output).toMatch(/mine \(process, running\)\s+Remove this environment\? \[y\/N\]/);
    expect({ code, names: await names() }).toEqual({ code: 0, names: [] });
  });

  it.each([
    { what: 'no', answer: 'n\n' },
    { what: 'nothing', answer: '\n' },
  ])('removes nothing after $what', async ({ answer }) => {
    const { code, output } = await onTerminal('down --all', answer);
    expect(output).toContain('Nothing was removed');
    expect({ code, names: await names() }).toEqual({ code: 0, names: ['mine'] });
  });

  it('removes nothing after Ctrl-C', async () => {
    const { code } = await onTerminal('down --all', '\u0003');
    expect({ code, names: await names() }).toEqual({ code: 130, names: ['mine'] });
  });

  it('does not ask with --yes', async () => {
    const { output } = await onTerminal('down --all --yes', '');
    expect(output).toContain('Removed mine (process, running)');
    expect(output).not.toContain('[y/N]');
  });
});
