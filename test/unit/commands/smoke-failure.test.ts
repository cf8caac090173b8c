import { describe, expect, it } from 'vitest';
import { smokeFailure } from '../../../src/commands/smoke.js';
import { outcome, reportOf } from '../checks/sample-report.js';

describe('a run of smoke', () => {
  it('that passed, with a note or without, is no failure', () => {
    expect(smokeFailure(reportOf([outcome('passed')]))).toBeUndefined();
    expect(smokeFailure(reportOf([outcome('noted'), outcome('skipped')]))).toBeUndefined();
  });

  it('that failed names the first failure, and has the ids of all', () => {
    const failure = smokeFailure(
      reportOf([outcome('passed'), outcome('failed'), outcome('failed', { id: 'infer/b' })]),
    );
    expect(failure).toMatchObject({
      code: 'SMOKE_FAILED',
      exitCode: 9,
      message: '2 of 3 checks failed; first: It is failed',
      details: { failed: ['infer/scaler/failed/grpc-typed', 'infer/b'] },
    });
  });

  it('with a note is a failure where notes count', () => {
    const failure = smokeFailure(reportOf([outcome('passed'), outcome('noted')], { strict: true }));
    expect(failure).toMatchObject({ exitCode: 9, message: '1 of 2 checks failed or were noted; first: It is noted' });
  });

  it('in which nothing was checked is a failure of its own', () => {
    expect(smokeFailure(reportOf([]))).toMatchObject({ code: 'SMOKE_EMPTY', exitCode: 9 });
    expect(smokeFailure(reportOf([outcome('skipped')]))?.message).toContain('Every case was skipped');
  });

  it('sends whoever has our environment to its log, and others to the case alone', () => {
    const { environment, ...foreign } = reportOf([outcome('failed')]);
    expect(smokeFailure({ ...foreign, environment: 'mine' })?.hint).toContain('kserve-env logs');
    expect(smokeFailure(foreign)?.hint).toContain('runs it alone');
  });
});
