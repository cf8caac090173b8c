/** Where the process engine keeps what it must remember: which process is which environment. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { EngineFailedError } from '../engine.js';

export interface StateDirContext {
  env: Readonly<Record<string, string | undefined>>;
  /** Undefined or empty where the user has none. */
  homeDir: string | undefined;
  tempDir: string;
  /** Numeric user ID; undefined on Windows. */
  uid: number | undefined;
}

/** Places in order of preference; an explicit one is the only one. The XDG Base Directory rules want absolute paths. */
export function stateDirCandidates(context: StateDirContext): string[] {
  const { env, homeDir, tempDir, uid } = context;
  if (env.KSERVE_ENV_STATE_DIR) return [env.KSERVE_ENV_STATE_DIR];
  const candidates: string[] = [];
  if (env.XDG_STATE_HOME && isAbsolute(env.XDG_STATE_HOME)) candidates.push(join(env.XDG_STATE_HOME, 'kserve-env'));
  else if (homeDir) candidates.push(join(homeDir, '.local', 'state', 'kserve-env'));
  candidates.push(join(tempDir, `kserve-env-${uid ?? 'user'}`));
  return candidates;
}

/**
 * The first candidate that can be made and written to, made with mode 0700.
 * @throws EngineFailedError when there is none
 */
export function openStateDir(context: StateDirContext): string {
  const candidates = stateDirCandidates(context);
  const causes: unknown[] = [];
  for (const candidate of candidates) {
    try {
      mkdirSync(candidate, { recursive: true, mode: 0o700 });
      accessSync(candidate, constants.R_OK | constants.W_OK | constants.X_OK);
      return candidate;
    } catch (error) {
      causes.push(error);
    }
  }
  throw new EngineFailedError(`No directory for state can be written: ${candidates.join(', ')}`, {
    hint: 'set KSERVE_ENV_STATE_DIR to a directory that you may write to',
    cause: causes.at(-1),
  });
}
