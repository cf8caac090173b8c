/** What a check finds, and the few ways to say it. */
import { type ExitCode, KServeEnvError } from '../../errors.js';

/** `warned`: worth a change, and `up` works all the same. */
export type FindingStatus = 'passed' | 'warned' | 'failed' | 'skipped';

/** What was found by one check. */
export interface Finding {
  status: FindingStatus;
  /** For people; several lines where there are several problems. */
  found: string;
  /** The exact next command or step. */
  remedy?: string;
  /** The facts, JSON-serialisable. */
  details?: Record<string, unknown>;
  /** Of a failed one: what `up` would exit with. */
  exitCode?: ExitCode;
}

type Details = Record<string, unknown>;

/** All is well. */
export function passed(found: string, details?: Details): Finding {
  return { status: 'passed', found, ...(details && { details }) };
}

/** `up` works, and something could be better. */
export function warned(found: string, remedy: string, details?: Details): Finding {
  return { status: 'warned', found, remedy, ...(details && { details }) };
}

/** `up` would not work. */
export function failed(found: string, remedy: string, exitCode: ExitCode, details?: Details): Finding {
  return { status: 'failed', found, remedy, exitCode, ...(details && { details }) };
}

/** There is nothing to check, or no way to. */
export function skipped(found: string): Finding {
  return { status: 'skipped', found };
}

/**
 * The failure that a command would end with. Whatever else was thrown is a bug, and is thrown on.
 * @throws unless the error is a KServeEnvError
 */
export function failedWith(error: unknown): Finding {
  if (!(error instanceof KServeEnvError)) throw error;
  const { message, hint, exitCode, code, details } = error;
  return {
    status: 'failed',
    found: message,
    ...(hint !== undefined && { remedy: hint }),
    exitCode,
    details: { ...details, code },
  };
}

/** Bytes as people read them: `812 MiB`, `23.5 GiB`. */
export function bytesWord(bytes: number): string {
  const mebibytes = bytes / 1024 / 1024;
  return mebibytes < 1024 ? `${Math.floor(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
