import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  controlPathIn,
  makeControlPlace,
  mostSocketPathBytes,
  removeControlPlace,
} from '../../../src/engine/process/control-path.js';
import { workspace } from '../config/workspace.js';

describe('the path of a control socket', () => {
  it('is in the directory of the instance where that fits, to the byte', () => {
    const directory = `/${'d'.repeat(mostSocketPathBytes - '//control.sock'.length)}`;
    expect(controlPathIn(directory, '/tmp')).toBe(`${directory}/control.sock`);
    expect(dirname(controlPathIn(`${directory}d`, '/tmp'))).toMatch(/^\/tmp\/kserve-env-[0-9a-f]{32}$/);
    // Bytes are counted, and not characters.
    expect(controlPathIn(`/${'ü'.repeat(60)}`, '/tmp')).toMatch(/^\/tmp\//);
  });

  it('fits wherever files for a time are kept', () => {
    const path = controlPathIn(`/${'d'.repeat(200)}`, `/${'t'.repeat(200)}`);
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(mostSocketPathBytes);
    expect(path).toMatch(/^\/tmp\/kserve-env-[0-9a-f]{32}\/control\.sock$/);
  });

  it('is another one for each instance, in a directory for this user alone that goes again', async () => {
    using space = workspace();
    const own = join(space.directory, 'd'.repeat(120));
    const path = controlPathIn(own, space.directory);
    expect(controlPathIn(own, space.directory)).not.toBe(path);
    await makeControlPlace(path, own);
    await makeControlPlace(path, own);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    await removeControlPlace(path, own);
    expect(existsSync(dirname(path))).toBe(false);
  });

  it('never takes the directory of the instance away', async () => {
    using space = workspace();
    const path = controlPathIn(space.directory, '/tmp');
    await removeControlPlace(path, space.directory);
    expect(existsSync(space.directory)).toBe(true);
  });
});
