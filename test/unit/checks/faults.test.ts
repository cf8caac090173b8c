/** Faults as smoke sees them: when the cases run, that they take back what they did, and that they find wrong servers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultPort } from '../../../src/checks/fault-port.js';
import { check, type Served, scaler, serve, withVerdict } from './served.js';
import { asStranger, stories } from './wrong-server.js';

let right: Served;
beforeAll(async () => {
  right = await serve(scaler);
});
afterAll(() => right[Symbol.asyncDispose]());

/** What is asked of a port, in order; what `add` does is passed on where there is somebody. */
function recorded(port?: FaultPort): { port: FaultPort; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    port: {
      async add(text) {
        asked.push(`add ${text}`);
        return (await port?.add(text)) ?? ['7'];
      },
      async clear(ids) {
        asked.push(`clear ${ids.length}`);
        await port?.clear(ids);
      },
    },
  };
}

const address = ({ grpc, http }: Served) => ({ grpc, http });
const ordered = ['faults/state', 'faults/connection', 'faults/calls'];

describe('the suite of faults', () => {
  it('runs only where it is asked for, by its name or by that of a case', async () => {
    const suitesIn = async (selection: object) => {
      const results = await check(address(right), { configured: scaler, ...selection });
      return new Set(results.map(({ suite }) => suite));
    };
    expect(await suitesIn({ cases: ['*/grpc'] })).not.toContain('faults');
    expect(await suitesIn({ cases: ['faults/state/unloaded'] })).toEqual(new Set(['faults']));
    expect(await suitesIn({ suites: ['faults'], cases: ['faults/state/unloaded'] })).toEqual(new Set(['faults']));
  });

  it('is skipped for a server of somebody else, which is told why', async () => {
    const results = await check(right, { configured: scaler, suites: ['faults'], profile: asStranger });
    expect(results.length).toBeGreaterThan(0);
    for (const { status, message } of results) {
      expect({ status, message }).toEqual({ status: 'skipped', message: expect.stringMatching(/another server/) });
    }
  });

  it('skips what nobody can order, where only an address is known', async () => {
    const results = await check(address(right), { configured: scaler, suites: ['faults'], cases: ordered });
    expect(results.length).toBeGreaterThan(0);
    for (const { status, message } of results) {
      expect({ status, message }).toEqual({ status: 'skipped', message: expect.stringMatching(/need an environment/) });
    }
  });

  it('takes back every fault that it orders', async () => {
    const { port, asked } = recorded(right.faults);
    const results = await check({ ...right, faults: port }, { configured: scaler, cases: ordered });
    expect(stories(results.filter(({ status }) => status !== 'passed'))).toEqual([]);
    expect(asked).toHaveLength(results.length * 2);
    for (let at = 0; at < asked.length; at += 2) {
      expect(asked.slice(at, at + 2)).toEqual([expect.stringMatching(/^add /), 'clear 1']);
    }
  });

  it('fails where a fault that is ordered does not happen, and takes it back all the same', async () => {
    const { port, asked } = recorded();
    const results = await check({ ...right, faults: port }, { configured: scaler, cases: ordered });
    expect(stories(withVerdict(results, 'passed'))).toEqual([]);
    expect(withVerdict(results, 'failed')).toHaveLength(results.length);
    expect(asked.filter((one) => one.startsWith('clear'))).toHaveLength(results.length);
  });

  it('fails where a fault stays', async () => {
    const left: string[] = [];
    const forgetful: FaultPort = { add: right.faults.add, clear: async (ids) => void left.push(...ids) };
    const cases = ['faults/state/unloaded/grpc'];
    const results = await check({ ...right, faults: forgetful }, { configured: scaler, cases, timeoutMs: 500 });
    await right.faults.clear(left);
    expect(stories(results)).toEqual([expect.stringMatching(/once the fault is taken back, a call is not answered/)]);
  });

  it('takes a fault back where the run is interrupted while it is in force', async () => {
    const abort = new AbortController();
    const { port, asked } = recorded(right.faults);
    const interrupting: FaultPort = {
      ...port,
      async add(text) {
        const ids = await port.add(text);
        abort.abort(new Error('enough'));
        return ids;
      },
    };
    const cases = ['faults/state/unloaded/rest'];
    const running = check({ ...right, faults: interrupting }, { configured: scaler, cases, signal: abort.signal });
    await expect(running).rejects.toThrow('enough');
    expect(asked).toEqual([expect.stringMatching(/^add unloaded/), 'clear 1']);
    const after = await check(right, { configured: scaler, suites: ['health'] });
    expect(stories(after.filter(({ status }) => status !== 'passed'))).toEqual([]);
  });
});
