/** A real Podman for the tests, started by their global setup. */
import Dockerode from 'dockerode';
import { inject } from 'vitest';
import { reach } from '../../src/engine/docker/connect.js';
import { nameLabel } from '../../src/engine/labels.js';
import type { EngineHarness } from '../contract/engine-contract.js';
import { testImage } from '../docker/docker-harness.js';

export const podmanSocket = inject('podmanSocket');

/** Podman without our engine in between. */
export const podman = new Dockerode({ socketPath: podmanSocket });

/** Containers and networks under this name. */
export async function podmanLeftOvers(name: string): Promise<string[]> {
  const filters = { label: [`${nameLabel}=${name}`] };
  const containers = await podman.listContainers({ all: true, filters });
  const networks = await podman.listNetworks({ filters });
  return [...containers.map(({ Id }) => `container ${Id}`), ...networks.map(({ Id }) => `network ${Id}`)];
}

export async function podmanHarness(): Promise<EngineHarness> {
  const engine = await reach({
    way: { kind: 'socket', path: podmanSocket },
    expected: 'podman',
    context: { env: {}, homeDir: undefined, tempDir: '/tmp', uid: process.getuid?.() },
    probeMs: 3_000,
  });
  return {
    engine,
    imageId: await testImage(engine),
    kill: (instance) => podman.getContainer(instance.id).kill({ signal: 'SIGKILL' }),
    leftOvers: (name) => podmanLeftOvers(name),
    close: async () => await engine[Symbol.asyncDispose](),
  };
}
