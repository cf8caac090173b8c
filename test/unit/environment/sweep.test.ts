import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Instance } from '../../../src/engine/engine.js';
import type { Intent } from '../../../src/environment/claim.js';
import { withEnvironmentLock } from '../../../src/environment/lock.js';
import { type EnvironmentSpec, instanceSpec } from '../../../src/environment/spec.js';
import { sweepEngine, sweepOthers, sweepOwn } from '../../../src/environment/sweep.js';
import { type FakeEngine, fakeEngine } from '../../fakes/fake-engine.js';
import { desired } from './desired.js';

let engine: FakeEngine;
let stateDir: string;
beforeEach(() => {
  engine = fakeEngine();
  stateDir = mkdtempSync(join(tmpdir(), 'kserve-env-sweep-'));
});
afterEach(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(stateDir, { recursive: true, force: true });
});

const signal = new AbortController().signal;
const options = () => ({ stateDir, signal, engineOf: async () => engine });
const lockOf = (name: string) => ({ stateDir, name, timeoutMs: 1000, signal, onWait: () => {} });
const names = async () => (await engine.list()).map(({ name }) => name);

/** An instance that a command made and did not clear, as one that was killed leaves it. */
async function halfMake(name: string): Promise<Instance> {
  return await withEnvironmentLock(lockOf(name), async (lock) => {
    const instance = await engine.create(instanceSpec(name, desired, { madeBy: lock.nonce }));
    await lock.intend({ kind: 'make', engine: 'process', endpoint: 'here', instance: instance.id });
    return instance;
  });
}

const make = (name: string, spec: EnvironmentSpec = desired, now = Date.now()) =>
  engine.create(instanceSpec(name, spec, { madeBy: 'somebody', now }));

describe('the sweep of what commands left', () => {
  it('removes exactly what was half made, and then knows nothing of it', async () => {
    await halfMake('mine');
    await make('other');
    const swept = await sweepOthers([], options());
    expect(swept).toEqual([{ name: 'mine', engine: 'process', reason: expect.stringContaining(`${process.pid}`) }]);
    expect(await names()).toEqual(['other']);
    expect(readdirSync(join(stateDir, '.locks'))).toEqual([]);
  });

  it('leaves alone what another command made under the name since', async () => {
    await engine.remove(await halfMake('mine'));
    await make('mine');
    expect(await sweepOthers([], options())).toEqual([]);
    expect(await names()).toEqual(['mine']);
    expect(readdirSync(join(stateDir, '.locks'))).toEqual([]);
  });

  it('leaves alone an environment that a command is at work on, which sweeps it itself', async () => {
    await halfMake('mine');
    await withEnvironmentLock(lockOf('mine'), async (lock) => {
      expect(await sweepOthers([], options())).toEqual([]);
      expect(await names()).toEqual(['mine']);
      expect(await sweepOwn(lock, options())).toHaveLength(1);
    });
    expect(await names()).toEqual([]);
  });

  it('ends a removal that was begun, but never takes what still runs', async () => {
    for (const name of ['dead', 'alive']) {
      const instance = await engine.start(await make(name));
      const intent: Intent = { kind: 'remove', engine: 'process', endpoint: 'here', instance: instance.id };
      await withEnvironmentLock(lockOf(name), (lock) => lock.intend(intent));
    }
    await engine.die('dead');
    expect(await sweepOthers([], options())).toMatchObject([{ name: 'dead' }]);
    expect(await names()).toEqual(['alive']);
  });

  it('keeps in mind what was left in an engine that cannot be reached', async () => {
    await halfMake('mine');
    expect(await sweepOthers([], { ...options(), engineOf: async () => undefined })).toEqual([]);
    expect(await sweepOthers([], options())).toHaveLength(1);
  });

  it('waits for what a daemon was still making when its command was killed', async () => {
    engine = fakeEngine({ kind: 'docker' });
    const nonce = await withEnvironmentLock(lockOf('mine'), async (lock) => {
      await lock.intend({ kind: 'make', engine: 'docker', endpoint: 'here' });
      return lock.nonce;
    });
    const sweeping = sweepOthers([], options());
    await expect.poll(() => engine.inspections).toBeGreaterThan(1);
    await engine.create(instanceSpec('mine', desired, { madeBy: nonce }));
    expect(await sweeping).toHaveLength(1);
    expect(await names()).toEqual([]);
  });
});

describe('the sweep of an engine', () => {
  it('removes left-overs, and what has outlived its time', async () => {
    engine.leaveIncomplete('network');
    await make('expired', { ...desired, ttl: 1000 }, Date.now() - 2000);
    await make('later', { ...desired, ttl: 60_000 });
    await make('for-ever');
    const swept = await sweepEngine(engine, [], options());
    expect(swept.map(({ name }) => name).sort()).toEqual(['expired', 'network']);
    expect((await names()).sort()).toEqual(['for-ever', 'later']);
  });

  it('leaves the names alone that the command is about, and those that others are at work on', async () => {
    engine.leaveIncomplete('mine');
    engine.leaveIncomplete('other');
    await withEnvironmentLock(lockOf('other'), async () => {
      expect(await sweepEngine(engine, ['mine'], options())).toEqual([]);
    });
    expect((await names()).sort()).toEqual(['mine', 'other']);
  });
});
