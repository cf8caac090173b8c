/** Where the server's one file is. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EngineFailedError } from '../engine.js';

/**
 * Path of `dist/kserve-server.cjs`, whether this runs from src/ or from dist/: both are beside each other.
 * @throws EngineFailedError when it has not been built
 */
export function serverBundlePath(): string {
  const path = fileURLToPath(new URL('../../../dist/kserve-server.cjs', import.meta.url));
  if (existsSync(path)) return path;
  throw new EngineFailedError(`The server's file ${path} is missing`, {
    hint: 'npm run build, in a checkout; else install kserve-env again',
  });
}
