/** `smoke --suite faults` as a user runs it: against an environment, with nothing left of it afterwards. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, sandbox } from './run-cli.js';

let box: Sandbox;
beforeAll(async () => {
  box = sandbox();
  const { answer, stderr } = await box.json(['up', '--engine', 'process']);
  expect(answer.error, stderr).toBeNull();
});
afterAll(async () => {
  await box.run(['down']);
  box[Symbol.dispose]();
});

describe('smoke --suite faults', () => {
  it('sees every fault of an environment happen, and leaves none in force', async () => {
    const { answer, stderr } = await box.json(['smoke', '--suite', 'faults']);
    expect(answer.error, stderr).toBeNull();
    expect(answer.data.summary).toMatchObject({ failed: 0, noted: 0, skipped: 0 });
    expect(answer.data.summary.passed).toBeGreaterThan(50);
    const { answer: left } = await box.json(['fault', 'list']);
    expect(left.data.faults).toEqual([]);
  });

  it('is not part of what runs where no suite is asked for', async () => {
    const { answer } = await box.json(['smoke', '--list']);
    const suites = new Set(answer.data.cases.map(({ suite }: { suite: string }) => suite));
    expect(suites).toContain('repository');
    expect(suites).not.toContain('faults');
  });

  it('leaves no fault in force where it is interrupted', async () => {
    const args = ['smoke', '--case', 'faults/connection', '--repeat', '100', '--progress', 'plain'];
    const smoke = box.start(args);
    // Nothing is told of a fault as it is added: ask until there is one.
    await expect
      .poll(async () => (await box.json(['fault', 'list'])).answer.data.faults.length, {
        timeout: 30_000,
        interval: 20,
      })
      .toBeGreaterThan(0);
    smoke.child.kill('SIGINT');
    expect((await smoke.done).code).toBe(130);
    expect((await box.json(['fault', 'list'])).answer.data.faults).toEqual([]);
  });

  it('runs for a case that is named', async () => {
    const { answer } = await box.json(['smoke', '--case', 'faults/state/unloaded']);
    expect(answer.data.summary).toEqual({ passed: 2, failed: 0, noted: 0, skipped: 0 });
  });
});
