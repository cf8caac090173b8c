import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appendHistory, clearHistory, historyDir, readHistory } from '../../../src/environment/history.js';
import { setUpRecord } from './set-up-records.js';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'kserve-env-history-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const files = () => readdirSync(historyDir(stateDir)).sort();
const fileOf = (generation: number) => join(historyDir(stateDir), `${generation}.ndjson`);

describe('the history', () => {
  it('is empty where there is none', () => {
    expect(readHistory(stateDir)).toEqual([]);
  });

  it('gives back what was put in, oldest first', () => {
    const records = [1, 2, 3].map((totalMs) => setUpRecord({ totalMs, outcome: 'failed', error: 'PORT_IN_USE' }));
    for (const record of records) appendHistory(stateDir, record);
    expect(readHistory(stateDir)).toEqual(records);
  });

  it('can be read by nobody else', () => {
    appendHistory(stateDir, setUpRecord());
    expect(statSync(historyDir(stateDir)).mode & 0o777).toBe(0o700);
    expect(statSync(fileOf(1)).mode & 0o777).toBe(0o600);
  });

  it.each([
    { what: 'half a line', line: '{"time":"2026' },
    { what: 'no JSON', line: 'what' },
    { what: 'null', line: 'null' },
    { what: 'a list', line: '[]' },
    { what: 'a record without phases', line: JSON.stringify({ ...setUpRecord(), phases: undefined }) },
    { what: 'a phase that is none', line: JSON.stringify({ ...setUpRecord(), phases: [null] }) },
    {
      what: 'a phase that nobody knows',
      line: JSON.stringify({ ...setUpRecord(), phases: [{ phase: 'toString', ms: 1, cached: true }] }),
    },
    { what: 'a duration that is none', line: JSON.stringify({ ...setUpRecord(), totalMs: 'long' }) },
  ])('reads over $what, and loses no line after it', ({ line }) => {
    appendHistory(stateDir, setUpRecord({ totalMs: 1 }));
    appendFileSync(fileOf(1), line);
    appendHistory(stateDir, setUpRecord({ totalMs: 2 }));
    expect(readHistory(stateDir).map(({ totalMs }) => totalMs)).toEqual([1, 2]);
  });

  it('keeps two files at most, and drops the oldest', () => {
    for (let totalMs = 0; totalMs < 100; totalMs += 1) appendHistory(stateDir, setUpRecord({ totalMs }), 1000);
    expect(files()).toHaveLength(2);
    const kept = readHistory(stateDir).map(({ totalMs }) => totalMs);
    expect(kept.length).toBeLessThan(20);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 100 - kept.length + index));
  });

  it('that cannot be written is no error', () => {
    writeFileSync(historyDir(stateDir), 'a file where the directory should be');
    appendHistory(stateDir, setUpRecord());
    expect(readHistory(stateDir)).toEqual([]);
  });

  it('forgets one environment and keeps the others, and what comes later', () => {
    for (const name of ['mine', 'other']) appendHistory(stateDir, setUpRecord({ name, totalMs: 1 }));
    clearHistory(stateDir, 'mine');
    appendHistory(stateDir, setUpRecord({ totalMs: 2 }));
    expect(readHistory(stateDir).map(({ name, totalMs }) => [name, totalMs])).toEqual([
      ['other', 1],
      ['mine', 2],
    ]);
  });

  it('forgets everything, without a trace', () => {
    appendHistory(stateDir, setUpRecord());
    mkdirSync(join(stateDir, 'an-environment'));
    clearHistory(stateDir);
    expect(readdirSync(stateDir)).toEqual(['an-environment']);
    clearHistory(stateDir);
  });
});

describe('sixteen processes at once', () => {
  const program = mkdtempSync(join(tmpdir(), 'kserve-env-history-program-'));
  const bundle = join(program, 'history-child.mjs');
  beforeAll(async () => {
    const entry = fileURLToPath(new URL('history-child.ts', import.meta.url));
    await build({ entryPoints: [entry], outfile: bundle, bundle: true, platform: 'node', format: 'esm' });
  });
  afterAll(() => rmSync(program, { recursive: true, force: true }));

  /** Each appends twenty-five records under a name of its own. */
  async function writeAtOnce(names: string[], maxBytes: number): Promise<void> {
    const children = names.map((name) => spawn(process.execPath, [bundle, stateDir, name, '25', String(maxBytes)]));
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number));
    expect(codes).toEqual(names.map(() => 0));
  }

  it('lose no line', async () => {
    const names = Array.from({ length: 16 }, (_, index) => `env-${index}`);
    await writeAtOnce(names, 1_000_000);
    const records = readHistory(stateDir);
    for (const name of names) {
      const own = records.filter((record) => record.name === name).map(({ totalMs }) => totalMs);
      expect(own).toEqual(Array.from({ length: 25 }, (_, index) => index));
    }
  });

  it('write whole lines, each into a file that stays bounded, when the files change', async () => {
    const names = Array.from({ length: 16 }, (_, index) => `env-${index}`);
    await writeAtOnce(names, 4000);
    expect(readHistory(stateDir).length).toBeGreaterThan(0);
    for (const name of files()) {
      const path = join(historyDir(stateDir), name);
      // Each of sixteen may have seen the last byte free.
      expect(statSync(path).size).toBeLessThan(4000 + 16 * 600);
    }
  });
});
