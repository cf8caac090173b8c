import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CodePlace, runProgramFile } from '../../../src/cli/code-cache.js';

let scratch: string;
let path: string;
let place: CodePlace;
const globals = globalThis as { codeCacheTest?: unknown };

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'kserve-env-code-'));
  path = join(scratch, 'program.cjs');
  program(`const { sep } = require('node:path'); globalThis.codeCacheTest = [__filename, typeof sep, typeof module]`);
  place = { directory: join(scratch, 'home', 'code'), use: 'up', digest: '0123456789abcdef' };
});
afterEach(() => {
  rmSync(scratch, { recursive: true });
  delete globals.codeCacheTest;
});

const program = (text: string) => writeFileSync(path, text);
const kept = () => readdirSync(place.directory).map((name) => join(place.directory, name));
const [onlyFile, other] = [() => kept()[0] ?? '', { digest: 'fedcba9876543210' }];
/** Runs it, and whether the code that was kept was good for it. */
const takesKeptCode = (from: CodePlace = place) => runProgramFile(path, from) === undefined;

describe('code that is kept of a program', () => {
  it('is taken the next time, and the program runs as it would be required', () => {
    runProgramFile(path, place)?.();
    expect(takesKeptCode()).toBe(true);
    expect(globals.codeCacheTest).toEqual([path, 'string', 'object']);
  });

  it('is there for nobody else', () => {
    runProgramFile(path, place)?.();
    expect([onlyFile(), place.directory].map((name) => statSync(name).mode & 0o777)).toEqual([0o600, 0o700]);
  });

  it('is not made without a place', () => {
    expect(runProgramFile(path, undefined)).toBeUndefined();
    expect(globals.codeCacheTest).toBeDefined();
  });

  it('is of one use and one build: the next build’s takes its place, another use’s stands beside it', () => {
    runProgramFile(path, place)?.();
    const next = { ...place, ...other };
    expect(takesKeptCode(next)).toBe(false);
    runProgramFile(path, next)?.();
    runProgramFile(path, { ...next, use: 'down' })?.();
    expect(kept().map((name) => /^(\w+)-.*-(\w+)\.code$/.exec(basename(name))?.slice(1))).toEqual([
      ['down', other.digest],
      ['up', other.digest],
    ]);
  });

  it('goes when nobody has made it anew for a month', () => {
    runProgramFile(path, { ...place, use: 'down' })?.();
    const long = Date.now() / 1000 - 31 * 24 * 3600;
    utimesSync(onlyFile(), long, long);
    runProgramFile(path, place)?.();
    expect(kept()).toEqual([expect.stringContaining('up-')]);
  });

  it.each([0o620, 0o602, 0o666])('is not taken where others may have written it: mode %o', (mode) => {
    runProgramFile(path, place)?.();
    chmodSync(onlyFile(), mode);
    expect(takesKeptCode()).toBe(false);
  });

  it.each([
    ['nothing', () => Buffer.alloc(0)],
    ['something else', () => Buffer.from('no code at all'.repeat(1000))],
    ['the half of it', (code: Buffer) => code.subarray(0, code.length / 2)],
    // V8 would die of it.
    ['a damaged one', (code: Buffer) => Buffer.from(code).fill(0, code.length / 2, code.length / 2 + 64)],
  ])('is made anew where %s is in its place', (_, change) => {
    runProgramFile(path, place)?.();
    writeFileSync(onlyFile(), change(readFileSync(onlyFile())));
    const keep = runProgramFile(path, place);
    expect(globals.codeCacheTest).toBeDefined();
    keep?.();
    expect(takesKeptCode()).toBe(true);
  });

  it('is not kept, and nothing is said, where there is no room for it', () => {
    writeFileSync(join(scratch, 'home'), 'a file');
    expect(() => runProgramFile(path, place)?.()).not.toThrow();
    expect(existsSync(place.directory)).toBe(false);
  });

  it('can import as well', async () => {
    program(`globalThis.codeCacheTest = import('node:os').then(({ EOL }) => typeof EOL)`);
    runProgramFile(path, place)?.();
    expect(takesKeptCode()).toBe(true);
    expect(await globals.codeCacheTest).toBe('string');
  });
});
