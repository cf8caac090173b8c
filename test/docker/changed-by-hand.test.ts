/** Somebody changes the environment behind our back: `status` says so, `up` mends it, `down` leaves nothing. */
import type Dockerode from 'dockerode';
import { describe, expect, it } from 'vitest';
import { requirePrivateDaemons } from './docker-harness.js';
import { privateBoxes } from './private-box.js';

interface Change {
  what: string;
  make: (container: Dockerode.Container, docker: Dockerode) => Promise<unknown>;
  /** What `status` says, and `up` does. */
  state: string;
  outcome: 'create' | 'recreate' | 'unchanged';
}

const changes: Change[] = [
  { what: 'removed', make: (container) => container.remove({ force: true }), state: 'incomplete', outcome: 'recreate' },
  { what: 'stopped', make: (container) => container.stop({ t: 1 }), state: 'exited', outcome: 'recreate' },
  { what: 'paused', make: (container) => container.pause(), state: 'paused', outcome: 'recreate' },
  { what: 'restarted', make: (container) => container.restart({ t: 1 }), state: 'running', outcome: 'unchanged' },
  {
    what: 'cut from its network',
    make: (container, docker) =>
      docker.getNetwork('kserve-env-faults').disconnect({ Container: container.id, Force: true }),
    state: 'running',
    outcome: 'recreate',
  },
  {
    what: 'removed with its network',
    make: async (container, docker) => {
      await container.remove({ force: true });
      await docker.getNetwork('kserve-env-faults').remove();
    },
    state: 'absent',
    outcome: 'create',
  },
];

describe.runIf(requirePrivateDaemons())('a container that is changed by hand', () => {
  const own = privateBoxes(async ({ box }) => {
    expect((await box.run(['up'])).code).toBe(0);
  });

  const change = ({ make }: Change) => make(own.daemon.docker.getContainer('kserve-env-faults'), own.daemon.docker);

  it.each(changes)('$what: status says $state, up does $outcome', async (one) => {
    const { box } = own;
    await change(one);
    expect((await box.json(['status'])).answer.data.state).toBe(one.state);
    const { code, answer } = await box.json(['up', '--smoke']);
    expect({ code, outcome: answer.data.outcome }).toEqual({ code: 0, outcome: one.outcome });
    expect((await box.run(['down'])).code).toBe(0);
  });

  it.each(changes)('$what: down leaves nothing', async (one) => {
    await change(one);
    expect((await own.box.run(['down'])).code).toBe(0);
  });

  it('replaced by a stranger of its name: nothing of the stranger is touched, and down says so', async () => {
    const { box } = own;
    const container = own.daemon.docker.getContainer('kserve-env-faults');
    const { Image } = await container.inspect();
    await container.remove({ force: true });
    const stranger = await own.daemon.docker.createContainer({ name: 'kserve-env-faults', Image });
    const up = await box.json(['up']);
    expect({ code: up.code, error: up.answer.error?.code }).toEqual({ code: 2, error: 'INSTANCE_EXISTS' });
    expect(up.answer.error?.hint).toContain('docker rm -f kserve-env-faults');
    expect((await box.run(['down'])).code).toBe(0);
    expect((await stranger.inspect()).State.Status).toBe('created');
    await stranger.remove();
  });
});
