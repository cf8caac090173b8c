import { describe, expect, it } from 'vitest';
import type { CallFacts } from '../../../../src/faults/decide.js';
import { type Fault, type FaultInput, faultSchema } from '../../../../src/faults/fault.js';
import type { StruckCall } from '../../../../src/server/faults/fault-keeper.js';
import { createFaultSite, type KeeperLink, type Strike } from '../../../../src/server/faults/fault-site.js';
import { createModelRepository } from '../../../../src/server/model-repository.js';
import { deferred } from '../../../tools/deferred.js';

const installed = (id: string, input: FaultInput, seed = 1) => {
  const fault = faultSchema.parse(input);
  return { id, fault, seed };
};

const call = (more: Partial<CallFacts> & { headers?: Record<string, string> } = {}): CallFacts => ({
  transport: 'grpc',
  rpc: 'ModelInfer',
  models: ['m', 'alias'],
  header: (name) => more.headers?.[name],
  ...more,
});

/** A site whose keeper counts in this process, or answers when it is told to. */
function createSite({ headerAllowed = true, elsewhere }: { headerAllowed?: boolean; elsewhere?: Promise<void> } = {}) {
  const counts = new Map<string, number>();
  const struck: { id: string; call: StruckCall }[] = [];
  const frozen: number[] = [];
  const count = (id: string): number => {
    counts.set(id, (counts.get(id) ?? 0) + 1);
    return counts.get(id) ?? 0;
  };
  const keeper: KeeperLink = {
    ticket: (id) => (elsewhere ? elsewhere.then(() => count(id)) : count(id)),
    struck: (id, struckCall) => void struck.push({ id, call: struckCall }),
    happen() {},
  };
  const repository = createModelRepository([]);
  const freeze = (milliseconds: number) => void frozen.push(milliseconds);
  return { site: createFaultSite({ repository, keeper, headerAllowed, freeze }), counts, struck, frozen };
}

const kinds = (strikes: Strike[] | Promise<Strike[]>) => (strikes as Strike[]).map(({ fault }) => fault.kind);

describe("a process's part in faults", () => {
  it('is idle until a fault strikes calls, or a call brings its own', async () => {
    const { site } = createSite();
    expect(site.active).toBe(false);
    await site.apply({ faults: [installed('1', { kind: 'not-ready' }), installed('2', { kind: 'refuse' })] });
    expect(site.active).toBe(false);
    await site.apply({ faults: [installed('3', { kind: 'hang' })] });
    expect(site.active).toBe(true);
    await site.apply({ faults: [] });
    expect(site.active).toBe(false);
    site.noteHeader();
    expect(site.active).toBe(true);
  });

  it('has the faults strike that match, in their order, and tells the keeper', async () => {
    const { site, struck } = createSite();
    await site.apply({
      faults: [
        installed('1', { kind: 'delay', model: 'alias' }),
        installed('2', { kind: 'hang', rpc: 'ModelReady' }),
        installed('3', { kind: 'hang', transport: 'rest' }),
        installed('4', { kind: 'status', header: 'x-test=1' }),
      ],
    });
    expect(kinds(site.strikesOf(call({ headers: { 'x-test': '1' } })))).toEqual(['delay', 'status']);
    const facts = { transport: 'grpc', rpc: 'ModelInfer', model: 'm' };
    expect(struck).toEqual([
      { id: '1', call: facts },
      { id: '4', call: facts },
    ]);
    expect(kinds(site.strikesOf(call({ models: [] })))).toEqual([]);
  });

  it('counts each call for every fault that it matches, and for no other', async () => {
    const { site, counts, struck } = createSite();
    await site.apply({
      faults: [
        installed('1', { kind: 'hang', first: 1 }),
        installed('2', { kind: 'status', after: 2 }),
        installed('3', { kind: 'hang', rpc: 'ModelMetadata' }),
      ],
    });
    const seen = [1, 2, 3].map(() => kinds(site.strikesOf(call())));
    expect(seen).toEqual([['hang'], [], ['status']]);
    expect(Object.fromEntries(counts)).toEqual({ 1: 3, 2: 3 });
    expect(struck.map(({ id }) => id)).toEqual(['1', '2']);
  });

  it('decides when the count comes from elsewhere; a fault that ended meanwhile strikes nothing', async () => {
    const gate = deferred();
    const { site } = createSite({ elsewhere: gate.promise });
    await site.apply({ faults: [installed('1', { kind: 'hang', first: 1 })] });
    const strikes = [site.strikesOf(call()), site.strikesOf(call())];
    expect(strikes[0]).toBeInstanceOf(Promise);
    gate.resolve();
    expect((await Promise.all(strikes)).map(kinds)).toEqual([['hang'], []]);
    const over = createFaultSite({
      repository: createModelRepository([]),
      keeper: { ticket: () => 0, struck() {}, happen() {} },
      headerAllowed: true,
    });
    await over.apply({ faults: [installed('1', { kind: 'hang' })] });
    expect(over.strikesOf(call())).toEqual([]);
  });

  it('draws the same for the same seed and call, in any process', async () => {
    const drawnBy = async () => {
      const { site } = createSite();
      await site.apply({ faults: [installed('1', { kind: 'delay' }, 42)] });
      return [1, 2, 3].map(() => (site.strikesOf(call()) as Strike[])[0]?.draw('time'));
    };
    const [one, two] = [await drawnBy(), await drawnBy()];
    expect(one).toEqual(two);
    expect(new Set(one).size).toBe(3);
  });
});

describe('faults in the header of a call', () => {
  const headers = { 'x-kserve-env-fault': 'delay=5ms, status=ABORTED' };

  it('strike after those in force, and are told as such', async () => {
    const { site, struck } = createSite();
    await site.apply({ faults: [installed('1', { kind: 'nan' })] });
    site.noteHeader();
    expect(kinds(site.strikesOf(call({ headers })))).toEqual(['nan', 'delay', 'status']);
    expect(struck.map(({ id }) => id).sort()).toEqual(['1', 'header']);
    expect(kinds(site.strikesOf(call()))).toEqual(['nan']);
  });

  it('are nothing where they are not allowed', () => {
    const { site } = createSite({ headerAllowed: false });
    site.noteHeader();
    expect(site.active).toBe(false);
    expect(site.strikesOf(call({ headers }))).toEqual([]);
  });

  it('are refused where they cannot be understood, and then count nothing', async () => {
    const { site, counts } = createSite();
    await site.apply({ faults: [installed('1', { kind: 'hang', first: 1 })] });
    site.noteHeader();
    expect(() => site.strikesOf(call({ headers: { 'x-kserve-env-fault': 'burn' } }))).toThrow('there is no fault burn');
    expect(counts.size).toBe(0);
  });
});

describe('faults that stand', () => {
  it('are the last of their kind, for their transport', async () => {
    const { site } = createSite();
    await site.apply({
      faults: [
        installed('1', { kind: 'bandwidth', rate: 1 }),
        installed('2', { kind: 'bandwidth', rate: 2, transport: 'rest' }),
      ],
    });
    expect((site.standing('bandwidth', 'grpc') as Fault<'bandwidth'>).rate).toBe(1);
    expect((site.standing('bandwidth', 'rest') as Fault<'bandwidth'>).rate).toBe(2);
    expect(site.standing('refuse', 'grpc')).toBeUndefined();
    expect([site.has('1'), site.has('9')]).toEqual([true, false]);
  });

  it('are told to who listens, whose work an order waits for', async () => {
    const { site } = createSite();
    const closing = deferred();
    const seen: string[] = [];
    site.onChange(() => void seen.push('one'));
    site.onChange(() => closing.promise);
    let done = false;
    const applying = site.apply({ faults: [installed('1', { kind: 'refuse' })] }).then(() => {
      done = true;
    });
    await Promise.resolve();
    expect({ seen, done }).toEqual({ seen: ['one'], done: false });
    closing.resolve();
    await applying;
    expect(done).toBe(true);
  });

  it('freeze the process once, for what is left of the time', async () => {
    const { site, frozen } = createSite();
    const frozenUntil = Date.now() + 60_000;
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await site.apply({ faults: [], frozenUntil });
    await turn();
    // Every order tells of it again.
    await site.apply({ faults: [installed('1', { kind: 'hang' })], frozenUntil });
    await turn();
    expect(frozen).toHaveLength(1);
    expect(frozen[0]).toBeLessThanOrEqual(60_000);
    expect(frozen[0]).toBeGreaterThan(0);
    await site.apply({ faults: [], frozenUntil: Date.now() - 1 });
    await turn();
    expect(frozen).toHaveLength(1);
  });
});
