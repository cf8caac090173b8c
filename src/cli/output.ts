/** What goes to stdout: the result as text, or one JSON object of a fixed form. */
import { ExitCode, KServeEnvError } from '../errors.js';
import { printable } from '../plain-text.js';

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

/** An error for people, as its lines go to stderr or into an annotation. */
export interface ErrorWords {
  /** What failed; a stack only for a bug of ours. */
  message: string;
  /** The next step. */
  hint: string | undefined;
  /** Stacks of the error and its causes, where they were asked for. */
  causes: string | undefined;
}

/** What is said of an error. What a server or daemon put into it cannot move the cursor. */
export function errorWords(error: unknown, verbose: boolean): ErrorWords {
  if (!(error instanceof KServeEnvError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { message: printable(text), hint: bugHint, causes: undefined };
  }
  const { message, hint } = error;
  return {
    message: printable(message),
    hint: hint === undefined ? undefined : printable(hint),
    causes: verbose ? printable(causes(error)) : undefined,
  };
}

/** The message, the next step on a line of its own, and causes if there are any. */
export function errorText({ message, hint, causes }: ErrorWords, next: string): string {
  return [
    message,
    ...(hint === undefined ? [] : [`  ${next} ${hint}`]),
    ...(causes === undefined ? [] : [causes]),
  ].join('\n');
}

function causes(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${causes(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
