import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leftBehind } from '../cli/oracle.js';
import { type Sandbox, sandbox } from '../cli/run-cli.js';
import { podman, podmanLeftOvers, podmanSocket } from './podman-harness.js';

let box: Sandbox;
let name: string;

beforeEach(() => {
  box = sandbox({ docker: podmanSocket });
  name = `test-${randomBytes(4).toString('hex')}`;
  box.env.KSERVE_ENV_NAME = name;
});

afterEach(async () => {
  await box.run(['down']);
  expect(await podmanLeftOvers(name)).toEqual([]);
  expect(leftBehind(box)).toEqual([]);
  box[Symbol.dispose]();
});

describe('the main job on Podman', () => {
  it('starts a container, checks it, tells what runs, and takes it away', async () => {
    const { code, answer, stderr } = await box.json(['up', '--smoke']);
    expect({ code, error: answer.error, stderr }).toMatchObject({ code: 0, error: null });
    expect(answer.data).toMatchObject({
      outcome: 'create',
      engine: { kind: 'podman', title: expect.stringMatching(/^Podman \d/) },
      smoke: { summary: { failed: 0, skipped: 0, noted: 0 } },
    });
    const infer = await box.run(['infer', 'simple_scaler', '1', '-2.5', '3']);
    expect(infer).toMatchObject({ code: 0, stdout: 'scaled_result FP64 [3]: 2 -5 6\n' });
    const status = await box.json(['status']);
    expect(status.answer.data).toMatchObject({ state: 'running', drift: [], health: { live: true, ready: true } });
    expect((await box.json(['up'])).answer.data).toMatchObject({ outcome: 'unchanged' });

    const down = await box.json(['down']);
    expect(down).toMatchObject({ code: 0, answer: { data: { removed: [{ engine: 'podman' }] } } });
    expect(await podmanLeftOvers(name)).toEqual([]);
  });

  it('is asked for by name, and not taken for Docker', async () => {
    const env = { DOCKER_HOST: '', CONTAINER_HOST: `unix://${podmanSocket}` };
    const { code, answer } = await box.json(['up', '--engine', 'podman'], { env });
    expect({ code, kind: answer.data?.engine.kind }).toEqual({ code: 0, kind: 'podman' });
    const docker = await box.run(['status', '--engine', 'docker']);
    expect(docker.code).toBe(5);
    expect(docker.stderr).toContain('is Podman, not Docker');
    expect(docker.stderr).toContain('use --engine podman');
  });

  it('ends at once with exit 8, exit code and last words when the server dies', async () => {
    const { child, sees, done } = box.start(['up', '--timeout', '5m', '--json']);
    await sees('✔ Start');
    await podman.getContainer(`kserve-env-${name}`).kill({ signal: 'SIGKILL' });
    const { code, stdout } = await done;
    child.kill();
    // It may have been ready before it was killed.
    expect([0, 8]).toContain(code);
    if (code === 8)
      expect(JSON.parse(stdout).error).toMatchObject({ code: 'SERVER_EXITED', details: { exitCode: 137 } });
  });

  it.each(['Engine', 'Image', 'Create', 'Start'])(
    'after “%s” Ctrl-C leaves nothing, or says that the next command removes it',
    async (phase) => {
      const { child, sees, done } = box.start(['up', '--json']);
      await sees(`✔ ${phase}`);
      child.kill('SIGINT');
      const { code, stderr } = await done;
      expect(code).toBe(130);
      // Podman takes its time to remove, more than an interrupted command has on a busy machine. Then it says so.
      if (!stderr.includes('Could not remove what was made')) expect(await podmanLeftOvers(name)).toEqual([]);
    },
  );

  it.each(['Create', 'Start'])(
    'a command that is killed outright after “%s” is made good by the next',
    async (phase) => {
      const { child, sees, done } = box.start(['up']);
      await sees(`✔ ${phase}`);
      child.kill('SIGKILL');
      await done;
      expect((await box.run(['up'])).code).toBe(0);
    },
  );

  it('eight at once of one name make one environment', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => box.json(['up'])));
    expect(results.map(({ code }) => code)).toEqual(Array(8).fill(0));
    expect(results.filter(({ answer }) => answer.data.outcome === 'create')).toHaveLength(1);
  });
});
