import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Sandbox } from '../cli/run-cli.js';
import { closeDockerBox, openDockerBox } from './docker-box.js';
import { docker } from './docker-harness.js';

let box: Sandbox;
let name: string;

beforeEach(() => {
  ({ box, name } = openDockerBox());
});

afterEach(() => closeDockerBox({ box, name }));

describe('memory-kill in a container', () => {
  it.each([
    [1, 64],
    [2, 256],
  ])('takes memory until the kernel kills it, of %i workers in %i MiB', async (workers, memoryMiB) => {
    writeFileSync(
      `${box.directory}/kserve-env.yaml`,
      `server: {workers: ${workers}}\nresources: {memoryMiB: ${memoryMiB}}`,
    );
    expect(await box.json(['up'])).toMatchObject({ code: 0 });
    const container = docker.getContainer(`kserve-env-${name}`);
    const ended = container.wait();
    expect(await box.json(['fault', 'add', 'memory-kill'])).toMatchObject({ code: 0 });
    expect(await ended).toMatchObject({ StatusCode: 137 });
    expect((await container.inspect()).State).toMatchObject({ OOMKilled: true, Running: false });
    // It can be had back as it was.
    expect(await box.json(['fault', 'clear'])).toMatchObject({ code: 0 });
    expect(await box.json(['health'])).toMatchObject({ code: 0 });
    expect(await box.json(['down'])).toMatchObject({ code: 0 });
  });
});
