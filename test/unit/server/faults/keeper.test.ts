import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Fault, type FaultInput, faultSchema } from '../../../../src/faults/fault.js';
import {
  createFaultKeeper,
  type FaultKeeper,
  type FaultKeeperOptions,
  type FaultOrders,
} from '../../../../src/server/faults/fault-keeper.js';
import { memoryBound } from '../../../../src/server/faults/memory-kill.js';
import { silentLogger } from '../../../../src/server/telemetry/logger.js';
import { deferred } from '../../../tools/deferred.js';

const fault = (input: FaultInput): Fault => faultSchema.parse(input);

/** What a keeper did, in order. */
interface Deeds {
  published: FaultOrders[];
  said: { message: string; [field: string]: unknown }[];
  exits: number[];
  deaths: number;
}

let deeds: Deeds;
let keeper: FaultKeeper;

function create(more: Partial<FaultKeeperOptions> = {}): FaultKeeper {
  deeds = { published: [], said: [], exits: [], deaths: 0 };
  keeper = createFaultKeeper({
    models: new Set(['m', 'alias']),
    log: { ...silentLogger, announce: (message, fields) => void deeds.said.push({ message, ...fields }) },
    publish: async (orders) => void deeds.published.push(orders),
    exit: (code) => void deeds.exits.push(code),
    dieOfMemory: () => void deeds.deaths++,
    hasWrongCertificates: false,
    ...more,
  });
  return keeper;
}

const ids = (orders: FaultOrders | undefined) => orders?.faults.map(({ id }) => id);

beforeEach(() => {
  vi.useFakeTimers();
  create();
});
afterEach(() => {
  keeper.close();
  vi.useRealTimers();
});

describe('a keeper of faults', () => {
  it('gives every fault a number of its own, and tells every process all that are in force', async () => {
    await keeper.add([fault({ kind: 'hang' }), fault({ kind: 'not-ready', model: 'm' })]);
    await keeper.clear(['1']);
    const [third] = await keeper.add([fault({ kind: 'delay', first: 3, seed: 5 })]);
    expect(third).toMatchObject({ id: '3', seed: 5, struck: 0 });
    expect(deeds.published.map(ids)).toEqual([['1', '2'], ['2'], ['2', '3']]);
    expect(keeper.list().map(({ id }) => id)).toEqual(['2', '3']);
  });

  it('draws a seed for a fault without one, and shows it', async () => {
    const [one, two] = await keeper.add([fault({ kind: 'hang', percent: 5 }), fault({ kind: 'hang', percent: 5 })]);
    expect(one?.seed).not.toBe(two?.seed);
    expect(deeds.published[0]?.faults[0]?.seed).toBe(one?.seed);
  });

  it('has added a fault when every process has it, and clears in the order that was asked for', async () => {
    const gate = deferred<void>();
    const seen: string[][] = [];
    create({
      publish: async (orders) => {
        seen.push(ids(orders) ?? []);
        await gate.promise;
      },
    });
    let added = false;
    const adding = keeper.add([fault({ kind: 'hang' })]).then(() => {
      added = true;
    });
    const clearing = keeper.clear();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(added).toBe(false);
    expect(seen).toEqual([['1']]);
    expect(keeper.list()).toHaveLength(1);
    gate.resolve();
    await adding;
    expect(await clearing).toMatchObject([{ id: '1' }]);
    expect(seen).toEqual([['1'], []]);
  });

  it('goes on after a process could not be told', async () => {
    let fails = true;
    create({ publish: () => (fails ? Promise.reject(new Error('no')) : Promise.resolve()) });
    await expect(keeper.add([fault({ kind: 'hang' })])).rejects.toThrow('no');
    fails = false;
    expect(await keeper.clear()).toMatchObject([{ id: '1' }]);
  });

  it('refuses a model that is not there, and certificates that it has none of, and adds nothing then', async () => {
    await expect(keeper.add([fault({ kind: 'hang' }), fault({ kind: 'hang', model: 'n' })])).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: 'hang: the server has no model n; it has m, alias',
    });
    await expect(keeper.add([fault({ kind: 'expired-certificate' })])).rejects.toThrow('it needs tls: auto');
    expect(keeper.list()).toEqual([]);
    expect(await keeper.add([fault({ kind: 'hang', model: 'alias' })])).toHaveLength(1);
    create({ hasWrongCertificates: true });
    expect(await keeper.add([fault({ kind: 'wrong-certificate' })])).toHaveLength(1);
  });
});

describe('counts of faults', () => {
  it('number the calls of each fault, from 1 on, and nothing once it is over', async () => {
    await keeper.add([fault({ kind: 'hang' }), fault({ kind: 'nan' })]);
    expect([keeper.ticket('1'), keeper.ticket('1'), keeper.ticket('2'), keeper.ticket('1')]).toEqual([1, 2, 1, 3]);
    const clearing = keeper.clear(['1']);
    await clearing;
    expect([keeper.ticket('1'), keeper.ticket('2'), keeper.ticket('9')]).toEqual([0, 2, 0]);
  });

  it('tell how many calls were struck, and log each of them', async () => {
    await keeper.add([fault({ kind: 'hang' })]);
    const call = { transport: 'grpc', rpc: 'ModelInfer', model: 'm' };
    keeper.struck('1', call);
    keeper.struck('1', call);
    keeper.struck('header', call);
    expect(keeper.list()).toMatchObject([{ struck: 2 }]);
    expect(deeds.said.slice(1)).toEqual([
      { message: 'fault strikes', fault: '1', kind: 'hang', ...call },
      { message: 'fault strikes', fault: '1', kind: 'hang', ...call },
      { message: 'fault strikes', fault: 'header', ...call },
    ]);
    expect(await keeper.clear()).toMatchObject([{ struck: 2 }]);
  });
});

describe('a fault that lasts for a while', () => {
  it('ends by itself everywhere, and says how long it still has', async () => {
    await keeper.add([fault({ kind: 'not-ready', for: '2s' }), fault({ kind: 'hang' })]);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(keeper.list()[0]).toMatchObject({ remainingMs: 500 });
    expect(keeper.list()[1]).not.toHaveProperty('remainingMs');
    await vi.advanceTimersByTimeAsync(500);
    expect(keeper.list().map(({ id }) => id)).toEqual(['2']);
    expect(deeds.published.map(ids)).toEqual([['1', '2'], ['2']]);
    expect(deeds.said.at(-1)).toMatchObject({ message: 'fault ended', fault: '1', why: 'its time is over' });
  });

  it('ends once: one that was cleared does not end again', async () => {
    await keeper.add([fault({ kind: 'hang', for: '1s' })]);
    await keeper.clear();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(deeds.published).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer when the server closes', async () => {
    await keeper.add([fault({ kind: 'hang', for: '1s' }), fault({ kind: 'crash' })]);
    keeper.close();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(deeds.exits).toEqual([]);
  });
});

describe('what happens to the process', () => {
  it('happens a moment after the answer, once, and is no fault in force', async () => {
    expect(await keeper.add([fault({ kind: 'crash', exitCode: 9 })])).toMatchObject([{ fault: { kind: 'crash' } }]);
    expect(keeper.list()).toEqual([]);
    expect(deeds.exits).toEqual([]);
    await vi.runAllTimersAsync();
    expect(deeds.exits).toEqual([9]);
    await keeper.add([fault({ kind: 'memory-kill' })]);
    await vi.runAllTimersAsync();
    expect(deeds.deaths).toBe(1);
  });

  it('stays in force where calls set it off, until one does', async () => {
    await keeper.add([fault({ kind: 'crash', rpc: 'ModelInfer' })]);
    await vi.runAllTimersAsync();
    expect(keeper.list()).toHaveLength(1);
    expect(deeds.exits).toEqual([]);
    keeper.happen(fault({ kind: 'crash', rpc: 'ModelInfer' }) as Fault<'crash'>);
    await vi.runAllTimersAsync();
    expect(deeds.exits).toEqual([70]);
  });

  it('freezes by an instant, which a second freeze can only put off', async () => {
    await keeper.add([fault({ kind: 'freeze', time: '10s' })]);
    await vi.runAllTimersAsync();
    const until = deeds.published.at(-1)?.frozenUntil ?? 0;
    expect(until - Date.now()).toBe(10_000);
    await keeper.add([fault({ kind: 'freeze', time: '1s' })]);
    await vi.runAllTimersAsync();
    expect(deeds.published.at(-1)?.frozenUntil).toBe(until);
  });

  it('lists what is in force while frozen processes have not been told yet', async () => {
    const frozen = deferred<void>();
    create({ publish: (orders) => (orders.frozenUntil === undefined ? Promise.resolve() : frozen.promise) });
    await keeper.add([fault({ kind: 'hang' }), fault({ kind: 'freeze' })]);
    await vi.advanceTimersByTimeAsync(100);
    let cleared = false;
    const clearing = keeper.clear().then(() => {
      cleared = true;
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(keeper.list()).toHaveLength(1);
    expect(cleared).toBe(false);
    frozen.resolve();
    await clearing;
    expect(keeper.list()).toEqual([]);
  });
});

describe('the bound on memory', () => {
  const gibibyte = 2 ** 30;
  it.each([
    ['of a container', 64 * 2 ** 20, 64 * 2 ** 20],
    ['that is none, in the words of cgroup v2', 0, undefined],
    ['that is none, in the words of cgroup v1', 2 ** 64, undefined],
    ['that is as large as the machine', 8 * gibibyte, undefined],
  ])('%s', (_, allowed, expected) => {
    expect(memoryBound({ allowed, total: 8 * gibibyte })).toBe(expected);
  });
});
