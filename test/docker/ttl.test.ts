import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { containerName } from '../../src/engine/labels.js';
import { leftBehind } from '../cli/oracle.js';
import { processesWith } from '../tools/processes.js';
import { closeDockerBox, type DockerBox, openDockerBox } from './docker-box.js';
import { docker, dockerLeftOvers } from './docker-harness.js';

let own: DockerBox;
beforeEach(() => {
  own = openDockerBox();
});
afterEach(async () => {
  await own.box.run(['down']);
  await expect.poll(() => leftBehind(own.box), { timeout: 10_000 }).toEqual([]);
  await closeDockerBox(own);
});

const long = { timeout: 60_000, interval: 200 };

describe('a container with a ttl', () => {
  it('is gone after it, with its network and with what saw to that', async () => {
    const { code } = await own.box.json(['up', '--ttl', '15s']);
    expect(code).toBe(0);
    const { Mounts } = await docker.getContainer(containerName(own.name)).inspect();
    expect(Mounts).toEqual([]);
    await expect.poll(() => dockerLeftOvers(own.name), long).toEqual([]);
    await expect.poll(() => leftBehind(own.box), long).toEqual([]);
  });

  it('ends by itself with code 0 where nobody sees to it, and the next command removes it', async () => {
    await own.box.run(['up', '--ttl', '15s']);
    for (const { pid } of processesWith(own.name)) process.kill(pid, 'SIGKILL');
    const state = async () => (await docker.getContainer(containerName(own.name)).inspect()).State;
    await expect.poll(state, long).toMatchObject({ Status: 'exited', ExitCode: 0 });
    const { answer } = await own.box.json(['down', '--name', `${own.name}-other`]);
    expect(answer.data.swept).toContainEqual({ name: own.name, engine: 'docker', reason: 'its time was over' });
    expect(await dockerLeftOvers(own.name)).toEqual([]);
  });
});

it.each([1, 2])('Docker itself says that the server is healthy: %s workers', async (workers) => {
  writeFileSync(join(own.box.directory, 'kserve-env.yaml'), `server: { workers: ${workers} }\n`);
  await own.box.run(['up']);
  const health = async () => (await docker.getContainer(containerName(own.name)).inspect()).State.Health?.Status;
  await expect.poll(health, long).toBe('healthy');
});

it('up on local processes sees that Docker has the name', async () => {
  await own.box.run(['up', '--engine', 'docker']);
  const { code, answer } = await own.box.json(['up', '--engine', 'process']);
  expect({ code, error: answer.error?.code }).toEqual({ code: 2, error: 'INSTANCE_EXISTS' });
  expect(answer.error?.hint).toContain('--engine docker keeps it');
});
