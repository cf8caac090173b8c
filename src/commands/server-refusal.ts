/** A server's refusal, as an error with an exit code and the next step. */
import { ExitCode, KServeEnvError } from '../errors.js';
import type { GrpcStatus, OipError } from '../protocol/status.js';
import { TlsTrouble } from './endpoint-trouble.js';

const exitCodes: Partial<Record<GrpcStatus, ExitCode>> = {
  INVALID_ARGUMENT: ExitCode.usage,
  NOT_FOUND: ExitCode.usage,
  OUT_OF_RANGE: ExitCode.usage,
  RESOURCE_EXHAUSTED: ExitCode.usage,
  UNIMPLEMENTED: ExitCode.usage,
  UNAVAILABLE: ExitCode.notReady,
  DEADLINE_EXCEEDED: ExitCode.timedOut,
};

const hints: Partial<Record<GrpcStatus, string>> = {
  NOT_FOUND: 'kserve-env status lists the models',
  UNAUTHENTICATED: 'give a token with --token-file FILE, or in KSERVE_ENV_TOKEN',
  UNAVAILABLE: 'is it running there? kserve-env health --wait waits until a server is ready',
};

/** The next step after an error of a server, if there is one. */
export function refusalHint(error: OipError): string | undefined {
  return error instanceof TlsTrouble ? error.hint : hints[error.status];
}

/**
 * The server answered a request with an error, with the code SERVER_REFUSED; or TLS with it did not come about, with the
 * code TLS_FAILED. `details.status` is the gRPC status name.
 */
export class ServerRefusedError extends KServeEnvError {
  constructor(error: OipError, endpoint: string) {
    const details = { status: error.status, endpoint };
    const hint = refusalHint(error);
    if (error instanceof TlsTrouble) {
      super('TLS_FAILED', ExitCode.usage, error.message, { ...(hint && { hint }), details, cause: error });
      return;
    }
    super('SERVER_REFUSED', exitCodes[error.status] ?? ExitCode.checkFailed, `${error.status}: ${error.message}`, {
      ...(hint !== undefined && { hint }),
      retryable: error.status === 'UNAVAILABLE' || error.status === 'DEADLINE_EXCEEDED',
      details,
      cause: error,
    });
  }
}
