/** The one error class of the product and its exit codes. Imports nothing, so every room may use it. */

/** Exit codes of the command line, as documented in docs/cli.md. */
export const ExitCode = {
  ok: 0,
  bug: 1,
  usage: 2,
  notRunning: 3,
  notReady: 4,
  engineUnreachable: 5,
  image: 6,
  portTaken: 7,
  serverExited: 8,
  checkFailed: 9,
  overBudget: 10,
  timedOut: 124,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What an error carries besides its code and message. */
export interface KServeEnvErrorOptions {
  /** The exact next command or step for the person who reads the message. */
  hint?: string;
  /** Whether the same call may succeed later with nothing changed. */
  retryable?: boolean;
  /** The facts, JSON-serialisable, shown in `--json` under `error.details`. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/**
 * A failure with a known cause. Subclasses name the cause; `code` is stable and meant for programs,
 * `message` and `hint` for people. Anything thrown that is not a KServeEnvError is a bug of ours.
 */
export class KServeEnvError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;
  readonly details: Record<string, unknown>;

  constructor(code: string, exitCode: ExitCode, message: string, options: KServeEnvErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.exitCode = exitCode;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** A flag, an argument or an option value that cannot be used. */
export class UsageError extends KServeEnvError {
  constructor(message: string, options: KServeEnvErrorOptions = {}) {
    super('USAGE', ExitCode.usage, message, options);
  }
}

/** Something did not happen within the time it was given. */
export class TimedOutError extends KServeEnvError {
  constructor(message: string, options: KServeEnvErrorOptions = {}) {
    super('TIMED_OUT', ExitCode.timedOut, message, { retryable: true, ...options });
  }
}

/** The person or the machine asked us to stop; what was half made has been cleaned up. */
export class InterruptedError extends KServeEnvError {
  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', options: KServeEnvErrorOptions = {}) {
    const exitCode = signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated;
    super('INTERRUPTED', exitCode, `Interrupted by ${signal}`, { details: { signal }, ...options });
  }
}
