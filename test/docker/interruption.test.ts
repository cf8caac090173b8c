/** Ctrl-C while the daemon works, and while it does not. */
import { describe, expect, it } from 'vitest';
import type { RunningCli } from '../cli/run-cli.js';
import { deferred } from '../tools/deferred.js';
import { requirePrivateDaemons } from './docker-harness.js';
import { privateBoxes } from './private-box.js';

describe.runIf(requirePrivateDaemons())('SIGINT', () => {
  const own = privateBoxes();

  it.each([
    { what: 'an image is loaded', call: /^POST \/images\/load/ },
    { what: 'the container is made', call: /^POST \/containers\/create/ },
    { what: 'the network is made', call: /^POST \/networks\/create/ },
    { what: 'the container starts', call: /^POST \/containers\/\w+\/start/ },
    { what: 'the end of the container is waited for', call: /^POST \/containers\/\w+\/wait/ },
  ])('while $what exits 130 and leaves nothing', async ({ call }) => {
    const { box, proxy } = own;
    const running = box.start(['up', '--json']);
    proxy.onRequest = ({ name }) => {
      if (call.test(name)) running.child.kill('SIGINT');
    };
    const { code, stdout, stderr } = await running.done;
    expect({ code, error: JSON.parse(stdout).error.code }).toEqual({ code: 130, error: 'INTERRUPTED' });
    proxy.onRequest = undefined;
    // A daemon that is too busy to remove in time what it still makes is left to the next command, and that is said.
    if (stderr.includes('Could not remove what was made')) expect((await box.run(['down'])).code).toBe(0);
    expect((await own.left()).filter((thing) => !/^(process|listener)/.test(thing))).toEqual([]);
  });

  /** From the start of the container on the daemon says nothing more. Resolves when it is asked for something then. */
  function silentFromStartOn(running: RunningCli): Promise<void> {
    const askedInVain = deferred();
    own.proxy.onRequest = ({ name }) => {
      if (own.proxy.behaviour.kind === 'hang') askedInVain.resolve();
      if (!/^POST \/containers\/\w+\/start/.test(name)) return;
      own.proxy.behaviour = { kind: 'hang' };
      running.child.kill('SIGINT');
    };
    return askedInVain.promise;
  }

  function speakAgain(): void {
    own.proxy.onRequest = undefined;
    own.proxy.behaviour = { kind: 'pass' };
  }

  it('while the daemon is silent says what could not be taken back, and the next command sweeps', async () => {
    const running = own.box.start(['up']);
    silentFromStartOn(running);
    const { code, stderr } = await running.done;
    expect({ code, stderr }).toEqual({ code: 130, stderr: expect.stringContaining('Could not remove what was made') });
    speakAgain();
    expect((await own.box.run(['down'])).code).toBe(0);
  });

  it('a second time ends the command at once, and the next one sweeps', async () => {
    const running = own.box.start(['up']);
    await silentFromStartOn(running);
    running.child.kill('SIGINT');
    const { code, stderr } = await running.done;
    expect({ code, stderr }).toEqual({ code: 130, stderr: expect.not.stringContaining('Could not remove') });
    speakAgain();
    expect(await own.left()).not.toEqual([]);
    expect((await own.box.run(['down', '--name', 'another'])).code).toBe(0);
  });
});
