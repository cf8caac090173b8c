/** Where the process engine keeps what it must remember: which process is which environment. */
import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { makeDirectory } from '../../make-directory.js';
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
      makeDirectory(candidate, 0o700);
      accessSync(candidate, constants.R_OK | constants.W_OK | constants.X_OK);
      requirePrivate(candidate, context.uid);
      return candidate;
    } catch (error) {
      causes.push(error);
    }
  }
  const last = causes.at(-1);
  const why = last instanceof Error ? last.message : String(last);
  throw new EngineFailedError(`No directory for state can be used: ${why}`, {
    hint: 'set KSERVE_ENV_STATE_DIR to a directory that you alone may write to',
    cause: last,
    details: { candidates },
  });
}

/** The records say which processes are ended: whoever can write them can have any process of this user ended. */
function requirePrivate(directory: string, uid: number | undefined): void {
  if (uid === undefined) return;
  const found = statSync(directory);
  if (found.uid !== uid) throw new Error(`${directory} belongs to another user`);
  if ((found.mode & 0o002) !== 0) throw new Error(`others may write to ${directory}`);
}
