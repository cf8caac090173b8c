/** The daemon goes away in the midst of things: the command fails with a name, and all is well when it is back. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PrivateDaemon, startPrivateDaemon } from '../tools/private-daemon.js';
import { requirePrivateDaemons } from './docker-harness.js';
import { openPrivateBox, privateBoxes } from './private-box.js';

describe.runIf(requirePrivateDaemons())('a daemon that is killed', () => {
  const own = privateBoxes();

  it.each([
    { when: 'while an image is loaded', call: /^POST \/images\/load/, moment: 'onRequest' },
    { when: 'before it makes the container', call: /^POST \/containers\/create/, moment: 'onRequest' },
    { when: 'before it tells that it made the container', call: /^POST \/containers\/create/, moment: 'onAnswer' },
    { when: 'before it tells that it made the network', call: /^POST \/networks\/create/, moment: 'onAnswer' },
    { when: 'before it starts the container', call: /^POST \/containers\/\w+\/start/, moment: 'onRequest' },
    {
      when: 'before it tells that it started the container',
      call: /^POST \/containers\/\w+\/start/,
      moment: 'onAnswer',
    },
  ] as const)('$when: up exits 5, and works when it is back', async ({ call, moment }) => {
    const { box, proxy } = own;
    proxy[moment] = async ({ name }) => {
      if (call.test(name)) await own.daemon.kill('SIGKILL');
    };
    const { code, answer } = await box.json(['up']);
    expect({ code, error: answer.error?.code }).toEqual({ code: 5, error: 'ENGINE_UNREACHABLE' });
    proxy[moment] = undefined;
    await own.daemon.start();

    const again = await box.json(['up']);
    expect(again.code).toBe(0);
    expect((await box.run(['down'])).code).toBe(0);
  });

  it('in the midst of down: exits 5, and the next down ends what it began', async () => {
    const { box, proxy } = own;
    expect((await box.run(['up'])).code).toBe(0);
    proxy.onAnswer = async ({ name }) => {
      if (name.startsWith('DELETE /containers/')) await own.daemon.kill('SIGKILL');
    };
    expect((await box.run(['down'])).code).toBe(5);
    proxy.onAnswer = undefined;
    await own.daemon.start();
    expect((await box.run(['down'])).code).toBe(0);
  });

  it('while the environment runs: status says that it has ended, up makes it anew', async () => {
    const { box } = own;
    expect((await box.run(['up'])).code).toBe(0);
    await own.daemon.kill('SIGKILL');
    expect((await box.json(['status'])).code).not.toBe(1);
    await own.daemon.start();
    expect((await box.json(['status'])).answer.data.state).toBe('exited');
    const second = await box.json(['up']);
    expect(second).toMatchObject({ code: 0, answer: { data: { outcome: 'recreate' } } });
    expect((await box.run(['smoke'])).code).toBe(0);
    expect((await box.run(['down'])).code).toBe(0);
  });
});

describe.runIf(requirePrivateDaemons())('a daemon whose disk is full', () => {
  it('is named as the reason, exit 6, and no half image is left', async () => {
    await using daemon = await startPrivateDaemon({ diskMiB: 60 });
    const own = await openPrivateBox(daemon);
    const { code, answer } = await own.box.json(['up']);
    expect({ code, error: answer.error?.code }).toEqual({ code: 6, error: 'IMAGE_LOAD_FAILED' });
    expect(answer.error?.message).toContain('no space left on device');
    expect(await daemon.docker.listImages({ all: true })).toEqual([]);
    await own.close();
  });

  it('is named when the container does not fit, and what was made is taken back', async () => {
    await using daemon = await startPrivateDaemon({ diskMiB: 300 });
    const own = await openPrivateBox(daemon);
    expect((await own.box.run(['up'])).code).toBe(0);
    expect((await own.box.run(['down'])).code).toBe(0);
    const filled = fillDisk(daemon);
    const { code, answer } = await own.box.json(['up']);
    expect({ code, error: answer.error?.code }).toEqual({ code: 5, error: 'ENGINE_FAILED' });
    expect(answer.error?.message).toContain('no space left on device');
    await expect.poll(own.left, { timeout: 10_000 }).toEqual([]);
    filled.free();
    expect((await own.box.run(['up'])).code).toBe(0);
    expect((await own.box.run(['down'])).code).toBe(0);
    await own.close();
  });
});

/** Writes until nothing fits any more. */
function fillDisk(daemon: PrivateDaemon): { free: () => void } {
  const path = join(daemon.directory, 'data', 'filling');
  for (let size = 1 << 20; size >= 4_096; size >>= 2) {
    try {
      for (;;) writeFileSync(path, new Uint8Array(size), { flag: 'a' });
    } catch {
      // Full, but for pieces smaller than this.
    }
  }
  return { free: () => rmSync(path) };
}
