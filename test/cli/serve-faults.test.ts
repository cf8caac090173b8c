import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningCli, type Sandbox, sandbox } from './run-cli.js';

let box: Sandbox;
const running: RunningCli[] = [];

beforeEach(() => {
  box = sandbox();
});
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.splice(0).map(({ done }) => done));
  box[Symbol.dispose]();
});

/** A server in the foreground, on ports of the system's choice, and the path of its control socket. */
async function serve(...flags: string[]) {
  const cli = box.start(['serve', '--grpc-port', 'auto', '--http-port', 'auto', '--json', ...flags]);
  running.push(cli);
  let text = '';
  const listening = new Promise<{ control: string; endpoints: { http: string } }>((resolve) => {
    cli.child.stdout?.on('data', (chunk) => {
      text += chunk;
      const line = text.split('\n').find((one) => one.startsWith('{"event":"listening"'));
      if (line) resolve(JSON.parse(line));
    });
  });
  await cli.sees('"event":"listening"');
  const { control, endpoints } = await listening;
  return { ...cli, control, directory: dirname(control), http: endpoints.http };
}

const fault = (...words: string[]) => box.run(['fault', ...words]);

describe('faults of a server in the foreground', () => {
  it('are ordered by a socket in a private directory, which goes with the server', async () => {
    const { control, directory, http, child, done } = await serve();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(control).mode & 0o777).toBe(0o600);
    expect(await fault('add', 'not-ready', '--control', control)).toMatchObject({ code: 0 });
    expect((await fetch(`${http}/v2/health/ready`)).status).toBe(503);
    expect((await fault('list', '--control', control)).stdout).toContain('not-ready');
    expect(await fault('clear', '--control', control)).toMatchObject({ code: 0 });
    expect((await fetch(`${http}/v2/health/ready`)).status).toBe(200);
    child.kill('SIGINT');
    expect(await done).toMatchObject({ code: 0 });
    expect(existsSync(directory)).toBe(false);
  });

  it('are ordered by the command that it shows', async () => {
    const cli = box.start(['serve', '--grpc-port', 'auto', '--http-port', 'auto']);
    running.push(cli);
    await cli.sees('Faults: kserve-env fault list --control ');
    cli.child.kill('SIGINT');
    const { code, stderr } = await cli.done;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Faults: kserve-env fault list --control \S+\/control\.sock$/m);
  });

  it('crash ends the command with the exit code of the fault, and leaves nothing', async () => {
    const { control, directory, done } = await serve();
    expect(await fault('add', 'crash=42', '--control', control)).toMatchObject({ code: 0 });
    expect(await done).toMatchObject({ code: 42 });
    expect(existsSync(directory)).toBe(false);
  });

  it('leave a directory where the command is killed, which the next takes away, and no other', async () => {
    const [killed, lives] = [await serve(), await serve()];
    killed.child.kill('SIGKILL');
    await killed.done;
    expect(existsSync(killed.directory)).toBe(true);
    await serve();
    expect(existsSync(killed.directory)).toBe(false);
    expect(await fault('list', '--control', lives.control)).toMatchObject({ code: 0 });
  });
});
