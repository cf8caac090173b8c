import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sandbox } from './run-cli.js';

/** A sandbox with a cache that nobody else has written to, and what is kept there, by what it was started for. */
function freshCache() {
  const box = sandbox();
  box.env.KSERVE_ENV_CACHE_DIR = join(box.directory, 'cache');
  const code = join(box.directory, 'cache', 'code');
  const kept = () => (existsSync(code) ? readdirSync(code).map((name) => name.replace(/-.*/, '')) : []);
  return { box, kept, [Symbol.dispose]: () => box[Symbol.dispose]() };
}

describe('the start of a command', () => {
  it('keeps compiled code for the next, which says the same', async () => {
    using fresh = freshCache();
    const first = await fresh.box.run(['ls']);
    expect(first.code).toBe(0);
    expect(fresh.kept()).toEqual(['ls']);
    expect(await fresh.box.run(['ls'])).toEqual(first);
  });

  it('keeps none of a command that failed, and none of a word that is no verb', async () => {
    using fresh = freshCache();
    await fresh.box.run(['lss']);
    await fresh.box.run(['health']);
    expect(fresh.kept()).toEqual([]);
  });

  it('keeps none where Node is told not to', async () => {
    using fresh = freshCache();
    expect((await fresh.box.run(['ls'], { env: { NODE_DISABLE_COMPILE_CACHE: '1' } })).code).toBe(0);
    expect(fresh.kept()).toEqual([]);
  });
});
