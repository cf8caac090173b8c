/** What can go wrong between us and the daemon, in words. */
import { KServeEnvError } from '../../errors.js';
import { EngineFailedError, EngineUnreachableError } from '../engine.js';
import { errorCode } from '../error-code.js';

/** The daemon answered with an error status. Callers turn the statuses they know into errors with a name. */
export class DaemonRefusal extends Error {
  constructor(
    readonly request: string,
    readonly status: number,
    /** What the daemon said. */
    readonly words: string,
  ) {
    super(`${request}: ${status} ${words}`);
    this.name = 'DaemonRefusal';
  }
}

/** A refusal in the daemon's words, under a sentence that says what was tried. Other errors stay as they are. */
export function failed(what: string, error: unknown, hint?: string): unknown {
  if (!(error instanceof DaemonRefusal)) return error;
  return new EngineFailedError(`${what}: ${error.words}`, {
    ...(hint !== undefined && { hint }),
    cause: error,
    details: { request: error.request, status: error.status },
  });
}

/** The daemon did not answer a request in all this time. */
export function silence(endpoint: string, name: string, milliseconds: number): EngineUnreachableError {
  const seconds = (milliseconds / 1000).toFixed(1);
  return new EngineUnreachableError(`The daemon at ${endpoint} did not answer ${name} within ${seconds} s`, {
    hint: 'see whether `docker version` answers; if not, restart the daemon, or use --engine process',
  });
}

/** Turns what the socket threw into an error with a name; errors that have one, and abort reasons, pass. */
export function asEngineError(endpoint: string, name: string, error: unknown): unknown {
  const code = errorCode(error);
  if (error instanceof KServeEnvError || error instanceof DaemonRefusal || code === undefined) return error;
  const trust = trustProblem(code, error);
  if (trust !== undefined) {
    const { outcome, hint } = trust;
    return new EngineUnreachableError(`The daemon at ${endpoint} ${outcome}`, {
      hint: `${hint}, or use --engine process`,
      cause: error,
      details: { endpoint, code, outcome },
    });
  }
  return new EngineUnreachableError(`The daemon at ${endpoint} ${inWords(code)} (${name})`, {
    hint: hintFor(code, endpoint),
    cause: error,
    details: { endpoint, code },
  });
}

/** What went wrong with TLS, by the codes of OpenSSL that Node passes on; undefined for any other error. */
function trustProblem(code: string, error: unknown): { outcome: string; hint: string } | undefined {
  const words = error instanceof Error ? error.message : String(error);
  if (/ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA)/.test(code))
    return {
      outcome: 'does not know our certificate, or wants one and got none',
      hint: 'put cert.pem and key.pem that it takes into DOCKER_CERT_PATH, or into the Docker context',
    };
  if (/CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code))
    return {
      outcome: `shows a certificate that is not to be trusted: ${words}`,
      hint: 'put its authority as ca.pem into DOCKER_CERT_PATH, or into the Docker context',
    };
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return {
      outcome: `does not speak TLS as it should: ${words.replace(/\s+/g, ' ').trim().slice(0, 200)}`,
      hint: 'see whether this port takes TLS at all: without it unset DOCKER_TLS_VERIFY and DOCKER_CERT_PATH',
    };
  return undefined;
}

function inWords(code: string): string {
  switch (code) {
    case 'ENOENT':
      return 'is not there: no such socket';
    case 'ECONNREFUSED':
      return 'refused the connection';
    case 'EACCES':
    case 'EPERM':
      return 'may not be used by this user';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'broke off';
    default:
      return `cannot be reached: ${code}`;
  }
}

function hintFor(code: string, endpoint: string): string {
  const orProcess = 'or use --engine process';
  if (code === 'EACCES' || code === 'EPERM')
    return `sudo usermod -aG docker "$USER" and log in again, or run with sudo, ${orProcess}`;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return `start the daemon of ${endpoint}, ${orProcess}`;
  return `try again; if it stays so, restart the daemon of ${endpoint}, ${orProcess}`;
}
