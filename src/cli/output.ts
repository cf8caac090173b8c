/** What goes to stdout: the result as text, or one JSON object of a fixed form. */
import { ExitCode, KServeEnvError } from '../errors.js';

/** The form of every `--json` answer, errors included. */
export interface JsonAnswer {
  schemaVersion: 1;
  command: string;
  status: 'ok' | 'error';
  data: unknown;
  warnings: string[];
  error: JsonError | null;
}

/** An error in a `--json` answer. `code` is stable, `message` and `hint` are for people. */
export interface JsonError {
  code: string;
  message: string;
  hint: string | null;
  retryable: boolean;
  details: Record<string, unknown>;
}

/** The `--json` answer of a command; with an error its status is `error`, and data may be whole all the same. */
export function jsonAnswer(command: string, data: unknown, warnings: string[], error?: unknown): JsonAnswer {
  return {
    schemaVersion: 1,
    command,
    status: error === undefined ? 'ok' : 'error',
    data: data ?? null,
    warnings,
    error: error === undefined ? null : jsonError(error),
  };
}

function jsonError(error: unknown): JsonError {
  if (error instanceof KServeEnvError) {
    const { code, message, hint = null, retryable, details } = error;
    return { code, message, hint, retryable, details };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'BUG', message, hint: bugHint, retryable: false, details: {} };
}

const bugHint = 'this is a bug of kserve-env: please report it, with the output of the same command and --verbose';

/** The exit code of anything thrown: 1 unless the error is a known one. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof KServeEnvError ? error.exitCode : ExitCode.bug;
}

/** An error for people: message, then the next step. A stack only for a bug of ours, or when asked for. */
export function errorText(error: unknown, verbose: boolean): string {
  if (!(error instanceof KServeEnvError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `error: ${text}\n  → ${bugHint}`;
  }
  const next = error.hint === undefined ? '' : `\n  → ${error.hint}`;
  return `error: ${error.message}${next}${verbose ? `\n${causes(error)}` : ''}`;
}

function causes(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${causes(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
