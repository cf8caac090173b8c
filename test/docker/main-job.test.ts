import { writeFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leftBehind } from '../cli/oracle.js';
import type { Sandbox } from '../cli/run-cli.js';
import { closeDockerBox, openDockerBox } from './docker-box.js';
import { docker, dockerLeftOvers } from './docker-harness.js';

let box: Sandbox;
let name: string;

beforeEach(() => {
  ({ box, name } = openDockerBox());
});

afterEach(() => closeDockerBox({ box, name }));

describe('the main job on Docker', () => {
  it('starts a container, checks it, tells every phase, and takes it away', async () => {
    const { code, answer, stderr } = await box.json(['up', '--smoke']);
    expect({ code, error: answer.error, stderr }).toMatchObject({ code: 0, error: null });
    expect(answer.data).toMatchObject({
      outcome: 'create',
      engine: { kind: 'docker' },
      smoke: { summary: { failed: 0, skipped: 0, noted: 0 } },
      budget: { over: false },
    });
    const phases = answer.data.phases.map(({ phase }: { phase: string }) => phase);
    expect(phases).toEqual(['engine', 'preflight', 'image', 'create', 'start', 'live', 'models', 'warm-up', 'smoke']);
    const infer = await box.run(['infer', 'simple_scaler', '1', '-2.5', '3']);
    expect(infer.stdout).toBe('scaled_result FP64 [3]: 2 -5 6\n');
    const status = await box.json(['status']);
    expect(status.answer.data).toMatchObject({ state: 'running', drift: [], health: { live: true, ready: true } });

    const down = await box.json(['down']);
    expect(down).toMatchObject({ code: 0, answer: { data: { removed: [{ engine: 'docker' }] } } });
    expect(await dockerLeftOvers(name)).toEqual([]);
  });

  it('loads an image once: the second up finds it, and keeps the container', async () => {
    await box.run(['up']);
    const before = await box.json(['status']);
    const { answer } = await box.json(['up']);
    const after = await box.json(['status']);
    expect(answer.data).toMatchObject({ outcome: 'unchanged', image: { cached: true } });
    expect(after.answer.data.id).toBe(before.answer.data.id);
  });

  it('recreates what differs from the config, and says what', async () => {
    await box.run(['up']);
    writeFileSync(`${box.directory}/kserve-env.yaml`, 'resources: {memoryMiB: 128}');
    const { code, answer } = await box.json(['up']);
    expect(code).toBe(0);
    expect(answer.data.outcome).toBe('recreate');
    expect(answer.data.changes).toEqual(['resources.memoryMiB: 256 → 128']);
  });

  it.each(['stop', 'pause', 'remove'] as const)('gets over a container that somebody chose to %s', async (deed) => {
    await box.run(['up']);
    const container = docker.getContainer(`kserve-env-${name}`);
    if (deed === 'stop') await container.stop({ t: 1 });
    if (deed === 'pause') await container.pause();
    if (deed === 'remove') await container.remove({ force: true });

    const status = await box.json(['status', '--exit-code']);
    expect(status.code).toBe(3);
    const expected = { stop: 'exited', pause: 'paused', remove: 'incomplete' }[deed];
    expect(status.answer.data.state).toBe(expected);
    const { code, answer } = await box.json(['up']);
    expect({ code, outcome: answer.data.outcome }).toEqual({ code: 0, outcome: 'recreate' });
  });

  it('ends at once with exit 8, exit code and last words when the server dies', async () => {
    const container = `kserve-env-${name}`;
    const events = await docker.getEvents({ filters: { container: [container], event: ['start'] } });
    events.once('data', () => void docker.getContainer(container).kill({ signal: 'SIGKILL' }));
    try {
      // Long before the time-out: the wait for the exit is armed before the start.
      const { code, answer } = await box.json(['up', '--timeout', '5m']);
      expect(code).toBe(8);
      expect(answer.error).toMatchObject({ code: 'SERVER_EXITED', details: { exitCode: 137, oomKilled: false } });
    } finally {
      (events as Readable).destroy();
    }
  });

  it('names the container that has a port, and the command that frees it', async () => {
    const { answer } = await box.json(['up']);
    const port = answer.data.endpoints.grpc.split(':')[1];
    const { code, stderr } = await box.run(['up', '--name', `${name}-b`, '--grpc-port', port]);
    expect(code).toBe(7);
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 is taken by`);
    expect(stderr).toContain(`kserve-env down --name ${name}`);
    expect(await dockerLeftOvers(`${name}-b`)).toEqual([]);
  });

  it('does not make a second one of a name that a local process has', async () => {
    await box.run(['up', '--engine', 'process']);
    const { code, answer } = await box.json(['up', '--engine', 'docker']);
    expect({ code, error: answer.error?.code }).toEqual({ code: 2, error: 'INSTANCE_EXISTS' });
    expect(await dockerLeftOvers(name)).toEqual([]);
  });

  it('is found and removed by down, whatever the config says of engines by now', async () => {
    await box.run(['up']);
    writeFileSync(`${box.directory}/kserve-env.yaml`, 'engine: process');
    expect((await box.json(['status'])).answer.data).toMatchObject({ state: 'running', engine: { kind: 'docker' } });
    expect((await box.json(['down'])).answer.data.removed).toHaveLength(1);
  });

  it('eight at once of one name make one environment', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => box.json(['up'])));
    expect(results.map(({ code }) => code)).toEqual(Array(8).fill(0));
    expect(results.filter(({ answer }) => answer.data.outcome === 'create')).toHaveLength(1);
  });
});

describe.each([
  { signal: 'SIGINT', expected: 130 },
  { signal: 'SIGTERM', expected: 143 },
] as const)('$signal during up on Docker', ({ signal, expected }) => {
  it.each(['Engine', 'Preflight', 'Image', 'Create', 'Start', 'Server live', 'Warm-up'])(
    `after “%s” exits ${expected} and leaves nothing`,
    async (phase) => {
      const { child, sees, done } = box.start(['up', '--smoke', '--json']);
      await sees(`✔ ${phase}`);
      child.kill(signal);
      const { code, stdout } = await done;
      expect({ code, answer: JSON.parse(stdout) }).toMatchObject({
        code: expected,
        answer: { error: { code: 'INTERRUPTED' } },
      });
      expect(await dockerLeftOvers(name)).toEqual([]);
      expect(leftBehind(box)).toEqual([]);
    },
  );
});

describe('a command that is killed outright', () => {
  it.each(['Image', 'Create', 'Start', 'Server live'])('after “%s” is made good by the next one', async (phase) => {
    const { child, sees, done } = box.start(['up']);
    await sees(`✔ ${phase}`);
    child.kill('SIGKILL');
    await done;
    expect((await box.run(['up'])).code).toBe(0);
  });
});
