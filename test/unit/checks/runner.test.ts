import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Case, CaseFailure, type CaseResult, CaseSkipped, type Transport } from '../../../src/checks/case.js';
import { openConnections } from '../../../src/checks/connections.js';
import type { Probe } from '../../../src/checks/probe.js';
import { type RunOptions, runCases, summarise } from '../../../src/checks/runner.js';
import { oipError } from '../../../src/protocol/status.js';
import { type Served, scaler, serve } from './served.js';

let right: Served;
beforeAll(async () => {
  right = await serve(scaler);
});
afterAll(() => right[Symbol.asyncDispose]());

/** A case that does what it is told. */
const caseOf = (id: string, run: (probe: Probe) => unknown, transports: readonly Transport[] = []): Case => ({
  id: `infer/${id}`,
  suite: 'infer',
  title: `title of ${id}`,
  spec: `specification of ${id}`,
  why: `reason of ${id}`,
  transports,
  run: async (probe) => (await run(probe)) as string | undefined,
});

const passes = (id: string) => caseOf(id, () => undefined);
const fails = (id: string) =>
  caseOf(id, () => {
    throw new CaseFailure(`${id} is wrong`);
  });

async function run(cases: Case[], options: Partial<RunOptions> & { only?: Transport } = {}): Promise<CaseResult[]> {
  const { only } = options;
  const connect = () =>
    openConnections({
      ...(only !== 'rest' && { grpc: { endpoint: right.grpc } }),
      ...(only !== 'grpc' && { rest: { baseUrl: right.http } }),
    });
  await using connections = connect();
  const server = { name: '', version: '', extensions: [], ours: false, mayUnload: false, ready: undefined };
  const transports: readonly Transport[] = only ? [only] : ['grpc', 'rest'];
  return await runCases(cases, {
    server: { ...server, models: [], unloaded: [], transports },
    connections,
    connect,
    signal: new AbortController().signal,
    timeoutMs: 5_000,
    concurrency: 1,
    ...options,
  });
}

const call = { modelName: 'simple_scaler', inputs: [] };

describe('the verdict of a case', () => {
  it('is told with all that is known of the case', async () => {
    const [result] = await run([{ ...passes('good'), model: 'm' }]);
    expect(result).toEqual({
      id: 'infer/good',
      suite: 'infer',
      title: 'title of good',
      spec: 'specification of good',
      why: 'reason of good',
      transports: [],
      model: 'm',
      status: 'passed',
      ms: expect.any(Number),
    });
    expect(result).not.toHaveProperty('answered');
  });

  it.each([
    { status: 'passed', when: 'it says nothing', behaviour: () => undefined, message: undefined },
    { status: 'noted', when: 'it says something', behaviour: () => 'as Triton does', message: 'as Triton does' },
    {
      status: 'failed',
      when: 'the server is wrong',
      behaviour: () => Promise.reject(new CaseFailure('one is two')),
      message: 'one is two',
    },
    {
      status: 'skipped',
      when: 'it cannot be told',
      behaviour: () => Promise.reject(new CaseSkipped('no model fits')),
      message: 'no model fits',
    },
    {
      status: 'failed',
      when: 'the server answers with an error that it did not expect',
      behaviour: () => Promise.reject(oipError('INTERNAL', 'segmentation fault')),
      message: 'the server answered INTERNAL: segmentation fault',
    },
    {
      status: 'failed',
      when: 'nothing can be made of the answer',
      behaviour: () => Promise.reject(new TypeError('no such property')),
      message: 'the answer could not be judged: no such property',
    },
    {
      status: 'failed',
      when: 'what is thrown is no error',
      behaviour: () => Promise.reject('a string'),
      message: 'the answer could not be judged: a string',
    },
  ] as const)('is $status where $when', async ({ status, behaviour, message }) => {
    const [result] = await run([caseOf('any', behaviour)]);
    expect(result).toMatchObject({ status, ...(message !== undefined && { message }) });
    if (message === undefined) expect(result).not.toHaveProperty('message');
  });

  it('is skipped where an endpoint is missing, and the case is not run', async () => {
    let ran = 0;
    const count = () => {
      ran += 1;
    };
    const cases = [
      caseOf('rest', count, ['rest']),
      caseOf('both', count, ['grpc', 'rest']),
      caseOf('grpc', count, ['grpc']),
    ];
    const results = await run(cases, { only: 'grpc' });
    expect(results.map(({ status, message }) => message ?? status)).toEqual([
      'no REST endpoint',
      'no REST endpoint',
      'passed',
    ]);
    const [other] = await run([caseOf('grpc', count, ['grpc'])], { only: 'rest' });
    expect(other?.message).toBe('no gRPC endpoint');
    expect(ran).toBe(1);
  });

  it('is counted', () => {
    const results = ['passed', 'failed', 'passed', 'noted', 'skipped'].map((status) => ({ status }) as CaseResult);
    expect(summarise(results)).toEqual({ passed: 2, failed: 1, noted: 1, skipped: 1 });
  });
});

describe('requests and answers', () => {
  const asking = (then: () => unknown) =>
    caseOf('asks', async (probe) => {
      for (const transport of ['grpc', 'rest'] as const) await probe.infer(transport, call).catch(() => {});
      return then();
    });

  it('are in the result of a case that failed, or was noted', async () => {
    for (const then of [() => 'a note', () => Promise.reject(new CaseFailure('wrong'))]) {
      const [result] = await run([asking(then)]);
      expect(result?.exchanges).toEqual([
        expect.objectContaining({ transport: 'grpc', call: 'ModelInfer', request: ['model simple_scaler'] }),
        expect.objectContaining({
          transport: 'rest',
          answer: [expect.stringMatching(/^INVALID_ARGUMENT: .*0 inputs/)],
        }),
      ]);
    }
  });

  it('are not in the result of one that passed or was skipped', async () => {
    for (const then of [() => undefined, () => Promise.reject(new CaseSkipped('no'))]) {
      const [result] = await run([asking(then)]);
      expect(result).not.toHaveProperty('exchanges');
    }
  });

  it('are the last three, of many', async () => {
    const many = caseOf('many', async (probe) => {
      for (const name of ['a', 'b', 'c', 'd', 'e'])
        await probe
          .client('grpc')
          .modelReady(name)
          .catch(() => {});
      return 'a note';
    });
    const [result] = await run([many]);
    expect(result?.exchanges?.map(({ request }) => request)).toEqual(
      ['c', 'd', 'e'].map((name) => [`{"name":"${name}"}`]),
    );
  });

  it('are those of the case alone', async () => {
    const [, second] = await run([asking(() => 'a note'), caseOf('quiet', () => 'another')]);
    expect(second?.exchanges).toEqual([]);
  });
});

describe('a run', () => {
  it('tells each result as it comes, in order', async () => {
    const told: string[] = [];
    const results = await run([passes('a'), fails('b'), passes('c')], { onResult: ({ id }) => told.push(id) });
    expect(told).toEqual(['infer/a', 'infer/b', 'infer/c']);
    expect(results.map(({ id }) => id)).toEqual(told);
  });

  it('ends after the first failure where it is told to', async () => {
    const results = await run([passes('a'), fails('b'), passes('c')], { bail: true });
    expect(results.map(({ id }) => id)).toEqual(['infer/a', 'infer/b']);
  });

  it('goes on after notes and skips, even so', async () => {
    const skipped = caseOf('skipped', () => Promise.reject(new CaseSkipped('no')));
    expect(await run([caseOf('noted', () => 'a note'), skipped, passes('a')], { bail: true })).toHaveLength(3);
  });

  it('of nothing has no results', async () => {
    expect(await run([])).toEqual([]);
  });

  it('that is aborted ends with the reason, in the middle of a case', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const aborting = caseOf('aborting', async (probe) => {
      const hanging = probe.infer('grpc', call).catch(() => {});
      controller.abort(reason);
      await hanging;
      throw new CaseFailure('what nobody wants to know any more');
    });
    let ran = false;
    const next = caseOf('next', () => {
      ran = true;
    });
    await expect(run([aborting, next], { signal: controller.signal })).rejects.toBe(reason);
    expect(ran).toBe(false);
  });

  it('that was aborted before it began runs nothing', async () => {
    const reason = new Error('never mind');
    await expect(run([passes('a')], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('a case that is repeated', () => {
  /** Goes as the list says, one word a run. */
  const varying = (...verdicts: ('passed' | 'failed' | 'noted' | 'skipped')[]) => {
    const left = [...verdicts];
    return caseOf('varies', () => {
      const verdict = left.shift();
      if (verdict === 'failed') throw new CaseFailure('it is wrong');
      if (verdict === 'skipped') throw new CaseSkipped('it cannot be told');
      return verdict === 'noted' ? 'it is odd' : undefined;
    });
  };

  it.each([
    [['passed', 'passed', 'passed'], { status: 'passed', repeats: { runs: 3, failed: 0 } }],
    [
      ['passed', 'failed', 'passed'],
      { status: 'failed', message: 'in 1 of 3 runs: it is wrong', repeats: { runs: 3, failed: 1 } },
    ],
    [['failed', 'failed', 'failed'], { status: 'failed', message: 'it is wrong', repeats: { runs: 3, failed: 3 } }],
    [['passed', 'noted', 'passed'], { status: 'noted', message: 'it is odd', repeats: { runs: 3, failed: 0 } }],
    [['noted', 'failed', 'noted'], { status: 'failed', message: 'in 1 of 3 runs: it is wrong' }],
    [['skipped'], { status: 'skipped', message: 'it cannot be told', repeats: { runs: 1, failed: 0 } }],
  ] as const)('%j', async (verdicts, expected) => {
    const [result] = await run([varying(...verdicts)], { repeat: 3 });
    expect(result).toMatchObject(expected);
  });

  it('says nothing of repeats where it ran once', async () => {
    const [result] = await run([passes('a')], { repeat: 1 });
    expect(result).not.toHaveProperty('repeats');
  });

  it('is not repeated where it was not answered', async () => {
    const silent = caseOf('silent', () => Promise.reject(oipError('DEADLINE_EXCEEDED', 'no answer within 5 ms')), [
      'grpc',
    ]);
    const [result] = await run([silent], { repeat: 10 });
    expect(result).toMatchObject({
      status: 'failed',
      message: 'no answer within 5 ms',
      repeats: { runs: 1, failed: 1 },
    });
  });
});
