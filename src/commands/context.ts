/** What every command gets from outside and gives back. Commands print nothing. */
import type { ConfigFlags } from '../config/overrides.js';
import { type Progress, silentProgress } from '../environment/phases.js';
import type { KServeEnvError } from '../errors.js';

export {
  type PhaseName,
  type PhaseRecord,
  type Progress,
  phaseTitles,
  silentProgress,
} from '../environment/phases.js';

/** What a command may know of the process that runs it. */
export interface CommandContext {
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first Ctrl-C; its reason is an InterruptedError. */
  signal: AbortSignal;
  progress: Progress;
}

/** A context of this process for callers of the API: its directory, its environment, and no progress shown. */
export function commandContext(overrides: Partial<CommandContext> = {}): CommandContext {
  return {
    cwd: process.cwd(),
    env: process.env,
    signal: new AbortController().signal,
    progress: silentProgress,
    ...overrides,
  };
}

/** The flags that most commands share. */
export interface CommonOptions {
  flags?: ConfigFlags;
}

/** What a command found or did. */
export interface CommandResult<Data> {
  data: Data;
  /** Worth knowing, and no failure. */
  warnings: string[];
  /** The command did its work, and what it found is a failure: its exit code counts, the data is still whole. */
  failure?: KServeEnvError;
}
