/** A command line and a daemon of a test's own with a proxy in between; at the end the proof that nothing is left. */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type Sandbox, sandbox } from '../cli/run-cli.js';
import { type DaemonProxy, startDaemonProxy } from '../fakes/daemon-proxy.js';
import { leftSince, takeFootprint } from '../tools/footprint.js';
import { type PrivateDaemon, startPrivateDaemon } from '../tools/private-daemon.js';

export interface PrivateBox {
  daemon: PrivateDaemon;
  proxy: DaemonProxy;
  box: Sandbox;
  /** What is there now and was not when the box was opened. What ends by itself is waited for. */
  left(): Promise<string[]>;
  /** Fails where something is left. */
  close(): Promise<void>;
}

/** The commands of the box take Docker, through the proxy, under the name `faults`. */
export async function openPrivateBox(daemon: PrivateDaemon): Promise<PrivateBox> {
  const proxy = await startDaemonProxy(daemon.socketPath);
  const box = sandbox({ docker: proxy.socketPath });
  Object.assign(box.env, { KSERVE_ENV_NAME: 'faults', KSERVE_ENV_ENGINE: 'docker' });
  const scope = { directory: box.directory, docker: daemon.docker, daemonDirectory: daemon.directory };
  const before = await takeFootprint(scope);
  const left = async () => leftSince(before, await takeFootprint(scope));
  return {
    daemon,
    proxy,
    box,
    left,
    async close() {
      try {
        // The processes that serve a container end a moment after it.
        await expect.poll(left, { timeout: 10_000 }).toEqual([]);
      } finally {
        await daemon.clear();
        await proxy[Symbol.asyncDispose]();
        box[Symbol.dispose]();
      }
    },
  };
}

/**
 * One daemon for all tests of a `describe`, and a box of its own for each.
 * @param prepare what each test begins with
 * @returns the box of the test that runs
 */
export function privateBoxes(prepare: (own: PrivateBox) => Promise<void> = async () => {}): PrivateBox {
  const own = {} as PrivateBox;
  let daemon: PrivateDaemon;
  beforeAll(async () => {
    daemon = await startPrivateDaemon();
  });
  afterAll(() => daemon[Symbol.asyncDispose]());
  beforeEach(async () => {
    Object.assign(own, await openPrivateBox(daemon));
    await prepare(own);
  });
  afterEach(() => own.close());
  return own;
}
