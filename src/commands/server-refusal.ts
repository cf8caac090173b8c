/** A server's refusal, as an error with an exit code and the next step. */
import { ExitCode, KServeEnvError } from '../errors.js';
import type { GrpcStatus, OipError } from '../protocol/status.js';

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
  UNAVAILABLE: 'is it running there? kserve-env health --wait waits until a server is ready',
};

/** The server answered a request with an error. `details.status` is the gRPC status name. */
export class ServerRefusedError extends KServeEnvError {
  constructor(error: OipError, endpoint: string) {
    const hint = hints[error.status];
    super('SERVER_REFUSED', exitCodes[error.status] ?? ExitCode.checkFailed, `${error.status}: ${error.message}`, {
      ...(hint !== undefined && { hint }),
      retryable: error.status === 'UNAVAILABLE' || error.status === 'DEADLINE_EXCEEDED',
      details: { status: error.status, endpoint },
      cause: error,
    });
  }
}
