/**
 * The bound on answers that wait for their clients to read them. HTTP/2 sends no more than a client takes, so a client
 * that asks and does not read makes the server keep what it answered, without an end.
 */
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Logger } from '../telemetry/logger.js';

export interface UnreadAnswers {
  /** Takes a call at its first moment. Returns what takes it out again, at its last. */
  add(stream: ServerHttp2Stream): OpenCall;
  remove(call: OpenCall): void;
  /** The streams of the calls that are open. */
  streams(): Iterable<ServerHttp2Stream>;
  /** Says that so many bytes of an answer were made. */
  made(bytes: number): void;
}

/**
 * An open call between its neighbours in time. A list that lets go of its members, and no Set: the tables that a Set
 * leaves behind keep what was in them alive until the next full garbage collection, a third of a small request's cost.
 */
export interface OpenCall {
  stream: ServerHttp2Stream | undefined;
  older: OpenCall | undefined;
  newer: OpenCall | undefined;
}

/** How much may be answered before somebody looks what of it is still there: this part of the bound. */
const share = 0.25;

/**
 * Resets the calls that have waited longest, with ENHANCE_YOUR_CALM, once more than `maxBytes` wait. Those that are read
 * come and go; what stays oldest is what nobody reads.
 */
export function createUnreadAnswers(maxBytes: number, log: Logger): UnreadAnswers {
  /** Before the oldest call. */
  const first: OpenCall = { stream: undefined, older: undefined, newer: undefined };
  let last = first;
  let unseen = 0;
  const look = (): void => {
    let waiting = 0;
    for (let call = first.newer; call; call = call.newer) waiting += call.stream?.writableLength ?? 0;
    if (waiting <= maxBytes) return;
    let reset = 0;
    for (let call = first.newer; call && waiting > maxBytes; call = call.newer) {
      const { stream } = call;
      if (!stream || stream.writableLength === 0 || stream.closed) continue;
      waiting -= stream.writableLength;
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      reset++;
    }
    log.warn('calls reset: their clients left too much of the answers unread', { calls: reset, maxBytes });
  };
  return {
    add(stream) {
      const call: OpenCall = { stream, older: last, newer: undefined };
      last.newer = call;
      last = call;
      return call;
    },
    remove(call) {
      const { older, newer } = call;
      if (older) older.newer = newer;
      if (newer) newer.older = older;
      else if (older) last = older;
      call.stream = call.older = call.newer = undefined;
    },
    *streams() {
      for (let call = first.newer; call; call = call.newer) if (call.stream) yield call.stream;
    },
    made(bytes) {
      unseen += bytes;
      if (unseen < maxBytes * share) return;
      unseen = 0;
      // When this answer has been written, too.
      setImmediate(look);
    },
  };
}
