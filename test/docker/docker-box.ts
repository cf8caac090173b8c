/** A directory and a name of its own for a test on Docker, and the proof that nothing of it is left. */
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { leftBehind } from '../cli/oracle.js';
import { type Sandbox, sandbox } from '../cli/run-cli.js';
import { dockerLeftOvers } from './docker-harness.js';

export interface DockerBox {
  box: Sandbox;
  /** Name of the environment; the box's variables say it, too. */
  name: string;
}

export function openDockerBox(): DockerBox {
  const box = sandbox({ docker: true });
  const name = `test-${randomBytes(4).toString('hex')}`;
  box.env.KSERVE_ENV_NAME = name;
  return { box, name };
}

/** Takes the environment down, and fails where a container, a network, a process or a file of it is still there. */
export async function closeDockerBox({ box, name }: DockerBox): Promise<void> {
  await box.run(['down']);
  expect(await dockerLeftOvers(name)).toEqual([]);
  expect(leftBehind(box)).toEqual([]);
  box[Symbol.dispose]();
}
