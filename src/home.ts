/** What the user's home is for: a place for things that only save time. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** A user without an entry in the list of users has no home, and Node throws. */
export function homeDir(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

/** Place of the cache after the XDG Base Directory rules; undefined where the user has no home. */
export function cacheDir(
  env: Readonly<Record<string, string | undefined>>,
  home: string | undefined,
): string | undefined {
  if (env.KSERVE_ENV_CACHE_DIR) return env.KSERVE_ENV_CACHE_DIR;
  if (env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME)) return join(env.XDG_CACHE_HOME, 'kserve-env');
  return home ? join(home, '.cache', 'kserve-env') : undefined;
}
