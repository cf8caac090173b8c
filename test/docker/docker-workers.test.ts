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

describe('a container of several workers', () => {
  it.each([2, 4])('starts, answers and stops with %i of them, within the usual bounds', async (workers) => {
    writeFileSync(`${box.directory}/kserve-env.yaml`, `server: {workers: ${workers}}`);
    const { code, answer } = await box.json(['up', '--smoke']);
    expect({ code, error: answer.error }).toEqual({ code: 0, error: null });
    expect(answer.data.smoke.summary).toMatchObject({ failed: 0, skipped: 0, noted: 0 });
    const container = docker.getContainer(`kserve-env-${name}`);
    const { Processes } = await container.top();
    // Docker's init, the primary, and its workers.
    expect(Processes).toHaveLength(2 + workers);
    await container.stop({ t: 10 });
    expect((await container.inspect()).State).toMatchObject({ ExitCode: 0, OOMKilled: false });
    expect(await box.json(['down'])).toMatchObject({ code: 0 });
  });
});
