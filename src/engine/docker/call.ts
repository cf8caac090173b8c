/**
 * Every word with the daemon goes through here, and every call settles. dockerode's own reader never does when the
 * daemon accepts and stays silent, or when the body of an answer is cut: so each answer is asked for as a stream, and
 * read here, under a limit.
 */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { KServeEnvError } from '../../errors.js';
import { EngineFailedError, EngineUnreachableError } from '../engine.js';
import { everyStatus, type Modem, statusOf } from './modem.js';

/** How long the daemon may be silent, in milliseconds. */
export interface DaemonLimits {
  /** From the request to the last byte of its answer. */
  callMs: number;
  /** Between two signs of life of an upload or a download. */
  idleMs: number;
}

export const defaultLimits: DaemonLimits = { callMs: 10_000, idleMs: 30_000 };

/** A daemon that can be asked, and the patience to have with it. */
export interface Daemon {
  modem: Modem;
  /** `unix:///var/run/docker.sock` */
  endpoint: string;
  limits: DaemonLimits;
  /** Aborts when the engine is closed: ends all calls under way. */
  closed: AbortSignal;
}

export interface DaemonRequest {
  method: 'GET' | 'POST' | 'DELETE';
  /** Path without query, every variable part encoded. */
  path: string;
  query?: Record<string, string | number | boolean>;
  body?: object;
  /** A tar archive to send instead of a JSON body. */
  upload?: Readable;
  signal?: AbortSignal | undefined;
  /** Milliseconds for the whole call, `idle` to bound only the silence, `none` for an answer that may take for ever. */
  limit?: number | 'idle' | 'none';
}

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

/** An answer whose head has arrived. The body must be read to its end, or closed. */
export interface DaemonAnswer {
  status: number;
  body: AsyncIterable<Uint8Array>;
  close(): void;
}

/**
 * Sends a request and resolves when the head of the answer is here.
 * @throws DaemonRefusal for a status of 400 and above
 * @throws EngineUnreachableError when the daemon cannot be reached, stays silent or breaks off
 */
export async function openAnswer(daemon: Daemon, request: DaemonRequest): Promise<DaemonAnswer> {
  const name = `${request.method} ${request.path}`;
  request.signal?.throwIfAborted();
  daemon.closed.throwIfAborted();
  const watch = watchSilence(daemon, name, request);
  let response: IncomingMessage;
  try {
    response = await watch.guard(dial(daemon.modem, request, watch));
  } catch (error) {
    watch.close();
    throw asEngineError(daemon, name, error);
  }
  const answer: DaemonAnswer = {
    status: statusOf(response),
    body: readBody(daemon, name, response, watch),
    close: () => watch.close(),
  };
  if (answer.status < 400) return answer;
  throw new DaemonRefusal(name, answer.status, wordsOf(await readText(answer)));
}

/** Sends a request and reads the whole answer as JSON; undefined for an empty one. Errors as `openAnswer`. */
export async function callDaemon(daemon: Daemon, request: DaemonRequest): Promise<unknown> {
  return await readJson(daemon, await openAnswer(daemon, request));
}

/**
 * The whole of an answer as JSON; undefined for an empty one.
 * @throws EngineFailedError when it is something else
 */
export async function readJson(daemon: Daemon, answer: DaemonAnswer): Promise<unknown> {
  const text = await readText(answer);
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineFailedError(`The daemon at ${daemon.endpoint} answered something that is no JSON`, {
      cause,
      details: { answer: text.slice(0, 500) },
    });
  }
}

async function readText(answer: DaemonAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function wordsOf(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) return String(parsed.message).trim();
  } catch {
    // Not every error of a daemon, or of a proxy before it, is JSON; then the text itself is what it said.
  }
  return text.trim();
}

function dial(modem: Modem, request: DaemonRequest, watch: Watch): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(request.query ?? {})) query.set(key, String(value));
    // The modem cuts the last character of a path with a query when it has nothing to add to it.
    const suffix = query.size > 0 ? `?${query}${request.body ? '' : '&'}` : '';
    request.upload?.on('data', watch.touch);
    modem.dial(
      {
        path: `${request.path}${suffix}`,
        method: request.method,
        ...(request.body && { options: { _query: {}, _body: request.body } }),
        ...(request.upload && { file: request.upload }),
        isStream: true,
        statusCodes: everyStatus,
        abortSignal: watch.signal,
      },
      (error, response) => {
        if (error) reject(error);
        // An answer that comes after we stopped waiting must not hold its socket.
        else if (watch.signal.aborted) response.destroy();
        else resolve(response);
      },
    );
  });
}

interface Watch {
  /** Aborts when the caller aborts, the limit is over, or `close` is called: ends the socket. */
  signal: AbortSignal;
  guard<T>(promise: Promise<T>): Promise<T>;
  touch(): void;
  close(): void;
}

function watchSilence(daemon: Daemon, name: string, request: DaemonRequest): Watch {
  const controller = new AbortController();
  const { limit = daemon.limits.callMs, signal } = request;
  const milliseconds = limit === 'idle' ? daemon.limits.idleMs : limit;
  let timer: NodeJS.Timeout | undefined;
  let giveUp: (reason: unknown) => void = () => {};
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  givenUp.catch(() => {});
  const end = (reason: unknown) => {
    giveUp(reason);
    close();
  };
  const onAbort = () => end(signal?.reason);
  const onClosed = () => end(daemon.closed.reason);
  const close = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    daemon.closed.removeEventListener('abort', onClosed);
    controller.abort();
  };
  if (milliseconds !== 'none') {
    timer = setTimeout(
      () =>
        end(
          new EngineUnreachableError(
            `The daemon at ${daemon.endpoint} did not answer ${name} within ${milliseconds / 1000} s`,
            { hint: 'see whether `docker version` answers; if not, restart the daemon, or use --engine process' },
          ),
        ),
      milliseconds,
    );
  }
  signal?.addEventListener('abort', onAbort, { once: true });
  daemon.closed.addEventListener('abort', onClosed, { once: true });
  return {
    signal: controller.signal,
    guard: (promise) => Promise.race([promise, givenUp]),
    touch: () => {
      if (limit === 'idle') timer?.refresh();
    },
    close,
  };
}

async function* readBody(
  daemon: Daemon,
  name: string,
  response: IncomingMessage,
  watch: Watch,
): AsyncGenerator<Uint8Array> {
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    while (true) {
      const next = await watch.guard(chunks.next());
      if (next.done) return;
      watch.touch();
      yield next.value;
    }
  } catch (error) {
    throw asEngineError(daemon, name, error);
  } finally {
    watch.close();
    response.destroy();
  }
}

/** Turns what the socket threw into an error with a name; errors that have one, and abort reasons, pass. */
function asEngineError(daemon: Daemon, name: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (error instanceof KServeEnvError || error instanceof DaemonRefusal || code === undefined) return error;
  return new EngineUnreachableError(`The daemon at ${daemon.endpoint} ${inWords(code)} (${name})`, {
    hint: hintFor(code, daemon.endpoint),
    cause: error,
    details: { endpoint: daemon.endpoint, code },
  });
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
