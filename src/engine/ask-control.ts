/** Asks a server by its control socket, where that can be reached from this process: one line there, one line back. */
import { connect } from 'node:net';
import { EngineFailedError } from './engine.js';
import { errorCode } from './error-code.js';
import { withLimit } from './settle.js';

const timeoutMs = 10_000;
/** More than this is no answer of ours. */
const mostBytes = 16 * 1024 * 1024;

/**
 * Sends a line to the Unix socket, and returns the line that it answers.
 * @throws EngineFailedError where nobody listens, or no line comes within ten seconds; the signal's reason
 */
export async function askControl(path: string, request: string, signal?: AbortSignal): Promise<string> {
  const late = (cause: unknown) => refusal(path, `did not answer within ${timeoutMs / 1000} s`, cause);
  return await withLimit(timeoutMs, signal, (within) => exchange(path, request, within), late);
}

function refusal(path: string, why: string, cause?: unknown): EngineFailedError {
  return new EngineFailedError(`The control socket ${path} ${why}`, {
    retryable: true,
    ...(cause !== undefined && { cause }),
  });
}

function reasonOf(error: Error): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'is not there';
    case 'ECONNREFUSED':
      return 'is there, and nobody listens on it';
    case 'EACCES':
    case 'EPERM':
      return 'belongs to somebody else';
    default:
      return `cannot be asked: ${error.message}`;
  }
}

function exchange(path: string, request: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let answer = '';
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      settle();
    };
    const onAbort = () => end(() => reject(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    const fail = (why: string, cause?: unknown) => end(() => reject(refusal(path, why, cause)));
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(`${request}\n`));
    socket.on('data', (chunk: string) => {
      answer += chunk;
      const newline = answer.indexOf('\n');
      if (newline !== -1) end(() => resolve(answer.slice(0, newline)));
      else if (answer.length > mostBytes) fail('cannot be asked: its answer is too long');
    });
    socket.on('error', (error) => fail(reasonOf(error), error));
    socket.on('close', () => fail('cannot be asked: it closed without an answer'));
  });
}
