/** Workers that are servers of this very process, joined by channels of this very process. */
import { describe, expect, it } from 'vitest';
import { createModel, modelConfigSchema } from '../../../src/models/kinds.js';
import type { Model } from '../../../src/models/model.js';
import type { LocalControl, ServerControl } from '../../../src/server/control.js';
import type { MakeModel } from '../../../src/server/model-version.js';
import { silentLogger } from '../../../src/server/telemetry/logger.js';
import { createChannel } from '../../../src/server/workers/channel.js';
import { type Coordinator, createCoordinator, type Peer } from '../../../src/server/workers/coordinator.js';
import type { Order, PrimaryMethods, WorkerMethods } from '../../../src/server/workers/messages.js';
import { createWorkerPart, type Worker } from '../../../src/server/workers/worker-part.js';
import { serve, type TestServer } from './serve.js';

const declared = modelConfigSchema.parse({ kind: 'identity', name: 'm', aliases: ['alias'] });

interface Crew {
  coordinator: Coordinator;
  add(options?: { makeModel?: MakeModel; later?: boolean }): Promise<TestWorker>;
}

interface TestWorker extends TestServer {
  peer: Peer;
  control: ServerControl;
  broadcasts: unknown[];
  dismissed: string[];
  /** Ends it as a process ends: with no word to anybody. */
  die(): void;
}

function crew(models = [declared]): Crew {
  const coordinator = createCoordinator({ log: silentLogger, timeoutMs: 50 });
  let last = 0;
  return {
    coordinator,
    async add({ makeModel, later } = {}) {
      const dismissed: string[] = [];
      const broadcasts: unknown[] = [];
      let worker: Worker | undefined;
      let control: ServerControl | undefined;
      const send = (receive: (message: unknown) => void) => (message: object) =>
        setImmediate(() => receive(JSON.parse(JSON.stringify(message))));
      const below = createChannel<WorkerMethods, PrimaryMethods>(
        send((message) => above.receive(message)),
        {
          operate: (order) => coordinator.methodsFor(peer).operate(order),
          counts: () => coordinator.methodsFor(peer).counts(null),
          agree: (agreement) => coordinator.methodsFor(peer).agree(agreement),
          firstLoadsEnded: () => coordinator.methodsFor(peer).firstLoadsEnded(null),
          log: async () => {},
          faultTicket: async () => 1,
          faultStruck: async () => {},
          faultHappen: async () => {},
        },
      );
      const above = createChannel<PrimaryMethods, WorkerMethods>(
        send((message) => below.receive(message)),
        {
          start: async () => {},
          close: async () => {},
          ready: async () => true,
          operate: async (task) => await worker?.methods.operate(task),
          counts: async () => await (worker as Worker).methods.counts(null),
        },
      );
      const peer: Peer = { number: ++last, ask: below.ask, dismiss: (reason) => dismissed.push(reason) };
      let replay: Order[] | undefined;
      if (later) replay = coordinator.joinLater(peer);
      else coordinator.join(peer);
      worker = createWorkerPart(above, replay);
      const part = {
        loads: worker.loads,
        control(local: LocalControl) {
          local.onBroadcast('news', (data) => {
            if (data === 'bad') throw new Error('bad news');
            broadcasts.push(data);
          });
          control = (worker as Worker).control(local);
          return control;
        },
      };
      const server = await serve({ ...part, ...(makeModel && { makeModel }) }, { models });
      const die = (): void => {
        below.end();
        coordinator.leave(peer);
      };
      return { ...server, peer, control: control as unknown as ServerControl, broadcasts, dismissed, die };
    },
  };
}

const make: MakeModel = (config, version) => createModel(config, { version });
const inputs = [{ name: 'x', datatype: 'FP64' as const, shape: [1], data: Float64Array.of(1) }];
const answers = (worker: TestWorker) => worker.grpc.infer({ modelName: 'm', inputs });

async function two(first: MakeModel = make, second: MakeModel = make) {
  const { coordinator, add } = crew();
  const workers = [await add({ makeModel: first }), await add({ makeModel: second })] as const;
  coordinator.started();
  await coordinator.firstLoads;
  return { coordinator, add, workers };
}

/** Fails from its second load on. */
const failsLater = (): MakeModel => {
  let loads = 0;
  return (config, version) => {
    if (++loads > 1) throw new Error('boom');
    return make(config, version);
  };
};

describe('models of several workers', () => {
  it('are READY on one when they can answer on all', async () => {
    const { coordinator, add } = crew();
    let finish = (): void => {};
    const late = new Promise<void>((resolve) => {
      finish = resolve;
    });
    await using first = await add();
    await using second = await add({ makeModel: (config, version) => late.then(() => make(config, version)) });
    coordinator.started();
    for (const worker of [first, second]) expect(await worker.grpc.serverReady()).toBe(false);
    finish();
    await coordinator.firstLoads;
    for (const worker of [first, second]) {
      expect(await worker.grpc.serverReady()).toBe(true);
      await answers(worker);
    }
  });

  it('fail to load on all where one fails, with its words', async () => {
    const { workers } = await two(make, failsLater());
    await using first = workers[0];
    await using second = workers[1];
    await first.control.unloadModel('m');
    for (const worker of workers) {
      await expect(worker.control.loadModel('alias')).rejects.toMatchObject({
        name: 'OipError',
        status: 'INTERNAL',
        httpStatus: 500,
        message: 'Model "m" version "1" failed to load: boom',
      });
    }
    for (const worker of [first, second]) {
      await expect(answers(worker)).rejects.toMatchObject({ message: expect.stringContaining('boom') });
    }
  });

  it('keep the loaded one on all where a load anew fails on one', async () => {
    const closed: number[] = [];
    const counted: MakeModel = async (config, version): Promise<Model> => ({
      ...(await make(config, version)),
      close: async () => void closed.push(closed.length),
    });
    const { workers } = await two(counted, failsLater());
    await using first = workers[0];
    await using second = workers[1];
    await expect(second.control.loadModel('m')).rejects.toThrow('boom');
    for (const worker of [first, second]) await answers(worker);
    // What was made in vain is closed.
    expect(closed).toEqual([0]);
  });

  it('are loaded by a worker that joins later as the others have them, failed ones too', async () => {
    const { workers, add } = await two(failsLater(), make);
    await using first = workers[0];
    await using second = workers[1];
    await expect(first.control.loadModel('m')).rejects.toThrow('boom');
    await first.control.unloadModel('m');
    await expect(second.control.loadModel('m')).rejects.toThrow('boom');
    await using third = await add({ later: true });
    await expect(answers(third)).rejects.toThrow('boom');
    expect(third.dismissed).toEqual([]);
  });

  it('end a worker that joins later and cannot load them', async () => {
    const { workers, add } = await two();
    await using first = workers[0];
    await using _second = workers[1];
    await using third = await add({
      later: true,
      makeModel: () => {
        throw new Error('no memory');
      },
    });
    expect(third.dismissed).toEqual([expect.stringContaining('no memory')]);
    await answers(first);
  });

  it('do not wait for a worker that ended while they loaded', async () => {
    let loads = 0;
    const hangs: MakeModel = (config, version) => (++loads > 1 ? new Promise(() => {}) : make(config, version));
    const { workers } = await two(make, hangs);
    await using first = workers[0];
    const second = workers[1];
    const loaded = first.control.loadModel('m');
    second.die();
    await loaded;
    await answers(first);
    void second[Symbol.asyncDispose]();
  });
});

describe('counts of several workers', () => {
  it('never go back, though a worker ends', async () => {
    const { workers } = await two();
    await using first = workers[0];
    await using second = workers[1];
    for (const worker of [first, second, second]) await answers(worker);
    const successes = async () => {
      const all = await first.control.counts();
      return all.map(({ models }) => models[0]?.statistics.success.count);
    };
    expect(await successes()).toEqual([1, 2]);
    second.die();
    expect(await successes()).toEqual([3]);
    await answers(first);
    expect(await successes()).toEqual([4]);
  });
});

describe('counts of several workers that are asked for while one ends', () => {
  it('have what it told once', async () => {
    const { workers } = await two();
    await using first = workers[0];
    await using second = workers[1];
    for (const worker of [first, second]) await answers(worker);
    const ask = first.peer.ask;
    // The first is slow to tell, and the second ends when it has told.
    const slow = async (method: 'counts', data: null) => {
      const answer = await ask(method, data);
      await second.peer.ask('counts', null);
      second.die();
      return answer;
    };
    Object.assign(first.peer, { ask: slow });
    const all = await first.control.counts();
    expect(all.map(({ models }) => models[0]?.statistics.success.count)).toEqual([2]);
  });
});

describe('broadcasts', () => {
  it('reach every worker in one order, and the last of them one that joins later', async () => {
    const { workers, add } = await two();
    await using first = workers[0];
    await using second = workers[1];
    await Promise.all([first.control.broadcast('news', 1), second.control.broadcast('news', 2)]);
    expect(first.broadcasts).toHaveLength(2);
    expect(second.broadcasts).toEqual(first.broadcasts);
    await using third = await add({ later: true });
    expect(third.broadcasts).toEqual(first.broadcasts.slice(-1));
    await expect(third.control.broadcast('news', 'bad')).rejects.toThrow('bad news');
  });
});
