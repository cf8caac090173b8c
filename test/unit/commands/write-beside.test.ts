import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeBeside } from '../../../src/commands/write-beside.js';

describe('A large file', () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'kserve-env-write-'));
  });
  afterEach(() => rmSync(cwd, { recursive: true, force: true }));

  const { signal } = new AbortController();
  const options = { path: 'file', force: false, signal };
  const write = (content: AsyncIterable<Uint8Array>, changes: Partial<typeof options> = {}) =>
    writeBeside(content, { ...options, cwd, ...changes });
  async function* pieces(...texts: string[]) {
    for (const text of texts) yield Buffer.from(text);
  }

  it('is there once it is whole', async () => {
    async function* content() {
      yield* pieces('a', 'b');
      expect(readdirSync(cwd)).toEqual([expect.stringMatching(/^file\..*\.part$/)]);
      yield* pieces('c');
    }
    expect(await write(content())).toEqual({ path: join(cwd, 'file'), bytes: 3 });
    expect(readFileSync(join(cwd, 'file'), 'utf8')).toBe('abc');
    expect(readdirSync(cwd)).toEqual(['file']);
  });

  it('does not replace another, not even one that comes while it is written, nor a link to nowhere', async () => {
    async function* content() {
      yield* pieces('ours');
      writeFileSync(join(cwd, 'file'), 'theirs');
    }
    await expect(write(content())).rejects.toMatchObject({ code: 'FILE_EXISTS', exitCode: 2 });
    expect(readFileSync(join(cwd, 'file'), 'utf8')).toBe('theirs');
    expect(readdirSync(cwd)).toEqual(['file']);
    symlinkSync('nowhere', join(cwd, 'link'));
    await expect(write(pieces('x'), { path: 'link' })).rejects.toMatchObject({ code: 'FILE_EXISTS' });
    await write(pieces('ours'), { force: true });
    expect(readFileSync(join(cwd, 'file'), 'utf8')).toBe('ours');
  });

  it('leaves nothing where its content fails, or the command is given up', async () => {
    async function* broken() {
      yield* pieces('a');
      throw new Error('broken');
    }
    await expect(write(broken())).rejects.toThrow('broken');
    const aborting = new AbortController();
    async function* endless() {
      yield* pieces('a');
      aborting.abort(new Error('enough'));
      yield* pieces('b');
    }
    await expect(write(endless(), { signal: aborting.signal })).rejects.toThrow('enough');
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('cannot be in a directory that is not there, nor replace one', async () => {
    await expect(write(pieces('a'), { path: 'absent/file' })).rejects.toMatchObject({ code: 'FILE_NOT_WRITTEN' });
    await expect(write(pieces('a'), { path: '.', force: true })).rejects.toMatchObject({ code: 'FILE_NOT_WRITTEN' });
  });
});
