import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStateDir, stateDirCandidates } from '../../../src/engine/process/state-dir.js';

const context = { env: {}, homeDir: '/home/me', tempDir: '/tmp', uid: 7 };

describe('The directory for state', () => {
  it('is the one that was named, and no other', () => {
    const env = { KSERVE_ENV_STATE_DIR: '/here', XDG_STATE_HOME: '/there' };
    expect(stateDirCandidates({ ...context, env })).toEqual(['/here']);
  });

  it('follows XDG, then the home, then the directory for temporary files', () => {
    expect(stateDirCandidates({ ...context, env: { XDG_STATE_HOME: '/there' } })).toEqual([
      '/there/kserve-env',
      '/tmp/kserve-env-7',
    ]);
    expect(stateDirCandidates(context)).toEqual(['/home/me/.local/state/kserve-env', '/tmp/kserve-env-7']);
    expect(stateDirCandidates({ ...context, homeDir: undefined })).toEqual(['/tmp/kserve-env-7']);
  });

  it('is made for its user alone, in the next place when the first cannot be had', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kserve-env-test-'));
    try {
      const notADirectory = join(directory, 'file');
      await writeFile(notADirectory, '');
      const uid = process.getuid?.();
      const opened = openStateDir({ env: {}, homeDir: notADirectory, tempDir: directory, uid });
      expect(opened).toBe(join(directory, `kserve-env-${uid}`));
      expect((await stat(opened)).mode & 0o777).toBe(0o700);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  // There a directory can be seen, and nothing be made in it: not even an error other than “no such file”.
  it.skipIf(process.platform !== 'linux')(
    'is looked for elsewhere when a place says that it does not exist',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'kserve-env-test-'));
      try {
        const uid = process.getuid?.();
        for (const homeDir of ['/proc', '/proc/nobody'])
          expect(openStateDir({ env: {}, homeDir, tempDir: join(directory, 'a', 'b'), uid })).toContain(directory);
        expect(() => openStateDir({ env: {}, homeDir: '/proc', tempDir: '/proc', uid })).toThrow(
          /No directory for state/,
        );
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  );

  it('is refused when others may write to it: they could name any process', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kserve-env-test-'));
    try {
      await chmod(directory, 0o777);
      const open = () =>
        openStateDir({ ...context, uid: process.getuid?.(), env: { KSERVE_ENV_STATE_DIR: directory } });
      expect(open).toThrow(/others may write/);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
