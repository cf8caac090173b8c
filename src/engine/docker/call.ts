/**
 * Every word with the daemon goes through here, and every call settles: each answer is read under a limit, whether the
 * daemon accepts and stays silent, or breaks off within the body. Paths carry no version: the daemon answers in its own.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { EngineFailedError } from '../engine.js';
import { asEngineError, DaemonRefusal, silence } from './daemon-errors.js';
import type { Transport } from './transport.js';

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
  /** What it said it is, and the name of its program. */
  kind: 'docker' | 'podman';
  /** What it publishes cannot be reached from here. */
  elsewhere: boolean;
  transport: Transport;
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
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /**
   * Milliseconds for the whole call; `idle` to bound only the silence; `work` for what takes a busy daemon its time, and
   * may as long as it answers to others; `listen` for an answer that begins at once and may then take for ever; `none` for
   * one that may take for ever to begin.
   */
  limit?: number | 'idle' | 'work' | 'listen' | 'none';
}

/** An answer whose head has arrived. The body must be read to its end, or closed. */
export interface DaemonAnswer {
  status: number;
  headers: IncomingHttpHeaders;
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
    response = await watch.guard(dial(daemon.transport, request, watch));
  } catch (error) {
    watch.close();
    throw asEngineError(daemon.transport.endpoint, name, error);
  }
  const answer: DaemonAnswer = {
    // Node types it as optional because a request has none.
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: readBody(daemon, name, response, watch),
    close: () => watch.close(),
  };
  if (answer.status < 400) {
    watch.begun();
    return answer;
  }
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
    throw new EngineFailedError(`The daemon at ${daemon.transport.endpoint} answered something that is no JSON`, {
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

function dial(transport: Transport, { method, path, query, body, upload, headers }: DaemonRequest, watch: Watch) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query ?? {})) search.set(key, String(value));
    const text = body && JSON.stringify(body);
    const request = transport.request({
      method,
      path: search.size > 0 ? `${path}?${search}` : path,
      headers: {
        ...(upload && { 'Content-Type': 'application/x-tar' }),
        ...(text !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
        ...headers,
      },
      signal: watch.signal,
    });
    // Stays for as long as the request lives: what comes after we stopped waiting is nobody's error any more.
    request.on('error', reject);
    request.once('response', (response) => {
      // An answer that comes after we stopped waiting must not hold its socket.
      if (watch.signal.aborted) response.destroy();
      else resolve(response);
    });
    if (upload === undefined) {
      request.end(text);
      return;
    }
    upload.on('data', watch.touch);
    upload.once('error', (error) => request.destroy(error));
    upload.pipe(request);
  });
}

/** Share of a call's limit that is kept for asking a busy daemon whether it is alive. */
const pingShare = 0.3;
/** Work is given up after so many times the limit of a call. */
const longestWork = 6;

async function answersPing(daemon: Daemon): Promise<boolean> {
  const limit = daemon.limits.callMs * pingShare;
  try {
    const answer = await openAnswer(daemon, { method: 'GET', path: '/_ping', limit });
    answer.close();
    return true;
  } catch {
    return false;
  }
}

interface Watch {
  /** Aborts when the caller aborts, the limit is over, or `close` is called: ends the socket. */
  signal: AbortSignal;
  guard<T>(promise: Promise<T>): Promise<T>;
  touch(): void;
  /** The head of the answer is here. */
  begun(): void;
  close(): void;
}

function watchSilence(daemon: Daemon, name: string, request: DaemonRequest): Watch {
  const controller = new AbortController();
  const { limit = daemon.limits.callMs, signal } = request;
  const { callMs, idleMs } = daemon.limits;
  const periods = { idle: idleMs, work: callMs * (1 - pingShare), listen: callMs, none: undefined };
  const period = typeof limit === 'number' ? limit : periods[limit];
  const started = performance.now();
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
  const silent = async () => {
    const busy = limit === 'work' && performance.now() - started < callMs * longestWork && (await answersPing(daemon));
    if (busy && !controller.signal.aborted) timer?.refresh();
    else end(silence(daemon.transport.endpoint, name, performance.now() - started));
  };
  if (period !== undefined) timer = setTimeout(silent, period);
  signal?.addEventListener('abort', onAbort, { once: true });
  daemon.closed.addEventListener('abort', onClosed, { once: true });
  return {
    signal: controller.signal,
    guard: (promise) => Promise.race([promise, givenUp]),
    touch: () => {
      if (limit === 'idle') timer?.refresh();
    },
    begun: () => {
      if (limit === 'listen') clearTimeout(timer);
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
    throw asEngineError(daemon.transport.endpoint, name, error);
  } finally {
    watch.close();
    response.destroy();
  }
}
