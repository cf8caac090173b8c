/** A real daemon for the tests. Whoever runs them has one: without it they fail, they are not skipped. */
import Dockerode from 'dockerode';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { nameLabel } from '../../src/engine/labels.js';
import { serverBundlePath } from '../../src/engine/process/server-bundle.js';
import { assembleImage } from '../../src/image/ensure-image.js';
import type { EngineHarness } from '../contract/engine-contract.js';
import { whyNoPrivateDaemon } from '../tools/private-daemon.js';

export const socketPath = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');

/** The daemon without our engine in between. */
export const docker = new Dockerode({ socketPath });

/** The image of the built server, in the daemon. */
export async function testImage(engine: Engine): Promise<string> {
  if (!engine.images) throw new Error('the Docker engine has images');
  const assembled = await assembleImage(engine.images, { version: '0.0.0-test', bundlePath: serverBundlePath() });
  return assembled.imageId;
}

/** Whether tests can start a daemon of their own; where they cannot and Docker is required, that is a failure. */
export function requirePrivateDaemons(): boolean {
  const why = whyNoPrivateDaemon();
  if (why === undefined) return true;
  if (process.env.KSERVE_ENV_REQUIRE?.split(',').includes('docker')) throw new Error(`No private daemon: ${why}`);
  process.stderr.write(`!! NOT RUN: tests with a daemon of their own, since ${why}\n`);
  return false;
}

/** Containers and networks under this name. */
export async function dockerLeftOvers(name: string): Promise<string[]> {
  const filters = { label: [`${nameLabel}=${name}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const networks = await docker.listNetworks({ filters });
  return [...containers.map(({ Id }) => `container ${Id}`), ...networks.map(({ Id }) => `network ${Id}`)];
}

export async function dockerHarness(): Promise<EngineHarness> {
  const engine = dockerEngine({ socketPath });
  return {
    engine,
    imageId: await testImage(engine),
    kill: (instance) => docker.getContainer(instance.id).kill({ signal: 'SIGKILL' }),
    leftOvers: (name) => dockerLeftOvers(name),
    close: async () => await engine[Symbol.asyncDispose](),
  };
}
