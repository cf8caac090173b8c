/** A directory of its own for a test, with a config file in it. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Workspace extends Disposable {
  directory: string;
  /** Writes a file below the directory and returns its path. */
  write(name: string, content: string | Uint8Array): string;
}

/** `config` becomes the directory's kserve-env.yaml. */
export function workspace(config?: string | Uint8Array): Workspace {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'kserve-env-config-')));
  const write = (name: string, content: string | Uint8Array) => {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  if (config !== undefined) write('kserve-env.yaml', config);
  return { directory, write, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}
