import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InstanceExistsError, PortTakenError } from '../../../src/engine/engine.js';
import { type ApplyOptions, applyPlan } from '../../../src/environment/apply.js';
import type { Intent } from '../../../src/environment/claim.js';
import { expectedModels } from '../../../src/environment/model-readiness.js';
import { createPhaseRecorder, type PhaseName, silentProgress } from '../../../src/environment/phases.js';
import { planUp } from '../../../src/environment/plan.js';
import { NotReadyInTimeError, ServerExitedError } from '../../../src/environment/readiness.js';
import { type EnvironmentSpec, instanceSpec } from '../../../src/environment/spec.js';
import { InterruptedError } from '../../../src/errors.js';
import { type FakeEngine, fakeEngine } from '../../fakes/fake-engine.js';
import { config, desired } from './desired.js';

let engine: FakeEngine;
let notes: string[];
let phases: string[];
let intents: (Intent | undefined)[];
beforeEach(() => {
  intents = [];
  engine = fakeEngine();
  notes = [];
  phases = [];
});
afterEach(async () => {
  await engine[Symbol.asyncDispose]();
});

/** Brings the environment `mine` up; `onPhase` is called at each start and end of a phase. */
async function up(change: Partial<ApplyOptions> & { want?: EnvironmentSpec; onPhase?: (event: string) => void } = {}) {
  const { want = desired, onPhase, ...rest } = change;
  const observed = await engine.inspect('mine');
  const tell = (event: string) => {
    phases.push(event);
    onPhase?.(event);
  };
  const progress = {
    ...silentProgress,
    note: (text: string) => notes.push(text),
    phaseStarted: (phase: PhaseName) => tell(`${phase} began`),
    phaseFinished: ({ phase }: { phase: PhaseName }) => tell(`${phase} ended`),
    phaseFailed: (phase: PhaseName) => tell(`${phase} failed`),
  };
  return await applyPlan(planUp(want, observed, Date.now()), {
    engine,
    lock: { intend: async (intent) => void intents.push(intent) },
    spec: instanceSpec('mine', want, {}),
    models: expectedModels(config.models),
    observed,
    phases: createPhaseRecorder(progress, () => performance.now()),
    progress,
    timeoutMs: 15_000,
    keepOnFailure: false,
    signal: new AbortController().signal,
    ...rest,
  });
}

const changed: EnvironmentSpec = { ...desired, resources: { ...desired.resources, cpus: 2 } };
const failureOf = (running: Promise<unknown>) => running.then(() => undefined).catch((error: unknown) => error);

describe('a plan that succeeds', () => {
  it('creates, starts and waits, in this order, and returns what runs', async () => {
    const instance = await up();
    expect(instance).toMatchObject({ name: 'mine', state: 'running', endpoints: { host: '127.0.0.1' } });
    expect(engine.changes).toEqual(['create mine', 'start mine']);
    const ended = phases.filter((event) => event.endsWith('ended'));
    expect(ended.map((event) => event.split(' ')[0])).toEqual(['create', 'start', 'live', 'models', 'warm-up']);
  });

  it('touches nothing where all is as desired', async () => {
    const first = await up();
    engine.changes.length = 0;
    const second = await up();
    expect(second.id).toBe(first.id);
    expect(engine.changes).toEqual([]);
  });

  it('removes first what differs', async () => {
    const first = await up();
    engine.changes.length = 0;
    const second = await up({ want: changed });
    expect(second.id).not.toBe(first.id);
    expect(engine.changes).toEqual(['remove mine', 'create mine', 'start mine']);
  });

  it('removes first what an interrupted command left', async () => {
    engine.leaveIncomplete('mine');
    await up();
    expect(engine.changes).toEqual(['remove mine', 'create mine', 'start mine']);
  });
});

describe('a server that dies', () => {
  it('at its start ends the wait at once with how it ended, and nothing is left', async () => {
    engine.dieOnStart = { exitCode: 3, oomKilled: false };
    const error = await failureOf(up());
    expect(error).toBeInstanceOf(ServerExitedError);
    expect(error).toMatchObject({ exitCode: 8, details: { name: 'mine', exitCode: 3 } });
    expect(await engine.list()).toEqual([]);
  });

  it.each(['start ended', 'live began', 'live ended', 'models ended', 'warm-up began'])(
    'when “%s” is told as dead, with its log, and nothing is left',
    async (moment) => {
      const dead: Promise<void>[] = [];
      const onPhase = (event: string) => {
        if (event === moment) dead.push(engine.die('mine'));
      };
      const error = await failureOf(up({ onPhase }));
      await Promise.all(dead);
      expect(error).toBeInstanceOf(ServerExitedError);
      expect(error).toMatchObject({ details: { signal: 'SIGKILL' } });
      expect((error as ServerExitedError).message).toContain('server started');
      expect(await engine.list()).toEqual([]);
    },
  );

  it('while nobody looked is replaced by the next up', async () => {
    await up();
    await engine.die('mine');
    await up();
    expect(engine.changes.slice(-3)).toEqual(['remove mine', 'create mine', 'start mine']);
  });

  it('after somebody has looked is told as dead, and left as it was found', async () => {
    await up();
    const onPhase = (event: string) => {
      if (event === 'live began') void engine.die('mine');
    };
    expect(await failureOf(up({ onPhase }))).toBeInstanceOf(ServerExitedError);
    expect(await engine.list()).toMatchObject([{ name: 'mine', state: 'exited' }]);
  });
});

describe('a server that is never ready', () => {
  it('is given up after the whole time-out, with its last answer and its log, and nothing is left', async () => {
    const original = engine.logs;
    engine.logs = async function* (instance, options) {
      yield* original(instance, options);
      yield { stream: 'stdout', line: 'still loading' };
    };
    engine.neverReady = true;
    const error = await failureOf(up({ timeoutMs: 150 }));
    expect(error).toBeInstanceOf(NotReadyInTimeError);
    expect(error).toMatchObject({
      exitCode: 124,
      details: { timeoutMs: 150, lastLogLines: ['still loading'], state: 'running' },
    });
    expect((error as Error).message).toMatch(/within 150 ms; last answer: .*ECONNREFUSED.*still loading/s);
    expect(await engine.list()).toEqual([]);
  });

  it('stays where it is to be kept, and the person is told', async () => {
    engine.neverReady = true;
    expect(await failureOf(up({ timeoutMs: 50, keepOnFailure: true }))).toBeInstanceOf(NotReadyInTimeError);
    expect(await engine.list()).toMatchObject([{ name: 'mine' }]);
    expect(notes).toEqual([expect.stringContaining('kserve-env down removes it')]);
  });
});

describe('an engine that fails', () => {
  it('to create, since somebody was quicker, leaves the other’s untouched', async () => {
    await up({ want: changed });
    const theirs = await engine.inspect('mine');
    engine.changes.length = 0;
    const plan = planUp(desired, undefined, Date.now());
    const spec = instanceSpec('mine', desired, {});
    const progress = silentProgress;
    const error = await failureOf(
      applyPlan(plan, {
        engine,
        lock: { intend: async () => {} },
        spec,
        models: expectedModels([]),
        observed: undefined,
        phases: createPhaseRecorder(progress, () => 0),
        progress,
        timeoutMs: 1000,
        keepOnFailure: false,
        signal: new AbortController().signal,
      }),
    );
    expect(error).toBeInstanceOf(InstanceExistsError);
    expect(await engine.inspect('mine')).toEqual(theirs);
    expect(engine.changes).toEqual(['create mine']);
  });

  it('to start leaves nothing', async () => {
    engine.failStart = new Error('no');
    expect(await failureOf(up())).toBe(engine.failStart);
    expect(engine.changes).toEqual(['create mine', 'start mine', 'remove mine']);
    expect(await engine.list()).toEqual([]);
  });

  it('to start leaves the created one where it is to be kept', async () => {
    engine.failStart = new Error('no');
    expect(await failureOf(up({ keepOnFailure: true }))).toBe(engine.failStart);
    expect(await engine.list()).toMatchObject([{ state: 'created' }]);
  });

  it('to watch a server that was there before leaves it: this up did not make it', async () => {
    await up();
    const before = await engine.inspect('mine');
    const original = engine.waitForExit;
    engine.waitForExit = (instance) => original(instance, AbortSignal.abort(new Error('the daemon went away')));
    expect(await failureOf(up())).toMatchObject({ message: 'the daemon went away' });
    expect(await engine.inspect('mine')).toEqual(before);
  });

  it('to remove on the way back tells the first error, and the person how to remove it', async () => {
    engine.failStart = new Error('no');
    engine.remove = () => Promise.reject(new Error('the daemon went away'));
    expect(await failureOf(up())).toBe(engine.failStart);
    expect(notes).toEqual([expect.stringMatching(/the daemon went away.*the next kserve-env up or down/)]);
  });
});

describe('an interruption', () => {
  const moments = ['create', 'start', 'live', 'models', 'warm-up'].flatMap((phase) => [
    `${phase} began`,
    `${phase} ended`,
  ]);

  it.each(moments.slice(0, -1))('when “%s” ends with its reason, and leaves nothing', async (moment) => {
    const controller = new AbortController();
    const reason = new InterruptedError('SIGINT');
    const onPhase = (event: string) => {
      if (event === moment) controller.abort(reason);
    };
    const error = await failureOf(up({ signal: controller.signal, onPhase }));
    // The command line tells the reason of the signal, whatever it made fail.
    expect(error).toBeInstanceOf(Error);
    expect(await engine.list()).toEqual([]);
  });

  it('removes what it made, even where failures are to be kept', async () => {
    const controller = new AbortController();
    const onPhase = (event: string) => {
      if (event === 'live began') controller.abort(new InterruptedError('SIGTERM'));
    };
    await failureOf(up({ signal: controller.signal, onPhase, keepOnFailure: true }));
    expect(await engine.list()).toEqual([]);
  });

  it('leaves alone what was there before', async () => {
    await up();
    const controller = new AbortController();
    controller.abort(new InterruptedError('SIGINT'));
    await failureOf(up({ signal: controller.signal, observed: await engine.inspect('mine') }));
    expect(await engine.list()).toMatchObject([{ state: 'running' }]);
  });
});

describe('what is on record while a plan is carried out', () => {
  const make = { kind: 'make', engine: 'process', endpoint: 'here' };

  it('is what is made, from before it is asked for until somebody else says that it stays', async () => {
    const { id } = await up();
    expect(intents).toEqual([make, { ...make, instance: id }]);
  });

  it('is what goes, until it is gone', async () => {
    const { id } = await up();
    intents.length = 0;
    const second = await up({ want: changed });
    const remove = { ...make, kind: 'remove', instance: id };
    expect(intents).toEqual([remove, undefined, make, { ...make, instance: second.id }]);
  });

  it('is nothing where all is as desired: a kill then costs nobody their environment', async () => {
    await up();
    intents.length = 0;
    await up();
    expect(intents).toEqual([]);
  });

  it('is nothing when all was taken back, or is to be kept', async () => {
    engine.failStart = new Error('no');
    await failureOf(up());
    expect(intents.at(-1)).toBeUndefined();
    await failureOf(up({ keepOnFailure: true }));
    expect(intents.at(-1)).toBeUndefined();
  });

  it('stays what was made where that cannot be taken back', async () => {
    engine.failStart = new Error('no');
    engine.remove = () => Promise.reject(new Error('the daemon went away'));
    await failureOf(up());
    expect(intents.at(-1)).toMatchObject({ ...make, instance: expect.any(String) });
  });

  it('stays that something was asked for where the engine does not answer, and an interruption does not wait', async () => {
    const controller = new AbortController();
    engine.create = () => {
      controller.abort(new InterruptedError('SIGINT'));
      return new Promise(() => {});
    };
    expect(await failureOf(up({ signal: controller.signal }))).toBeInstanceOf(InterruptedError);
    expect(intents.at(-1)).toEqual(make);
  });
});

describe('a port that somebody took', () => {
  const takenOnce = (times: number) => {
    const original = engine.start;
    let left = times;
    engine.start = (instance, signal) => {
      left -= 1;
      return left >= 0 ? Promise.reject(new PortTakenError(50_000)) : original(instance, signal);
    };
  };

  it('is chosen anew where the engine chose it', async () => {
    takenOnce(2);
    expect(await up()).toMatchObject({ state: 'running' });
    expect(await engine.list()).toHaveLength(1);
  });

  it('is an error when that happens again and again, and nothing is left', async () => {
    takenOnce(3);
    expect(await failureOf(up())).toBeInstanceOf(PortTakenError);
    expect(await engine.list()).toEqual([]);
  });

  it('is an error where it was asked for', async () => {
    takenOnce(1);
    const want = { ...desired, ports: { grpc: 50_000, http: 'auto' as const } };
    expect(await failureOf(up({ want }))).toBeInstanceOf(PortTakenError);
    expect(await engine.list()).toEqual([]);
  });
});
