/**
 * The bound on answers that wait for their clients to read them. HTTP/2 sends no more than a client takes, so a client
 * that asks and does not read makes the server keep what it answered, without an end.
 */
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Logger } from '../telemetry/logger.js';

export interface UnreadAnswers {
  /** Calls from their first to their last moment. */
  add(stream: ServerHttp2Stream): unknown;
  delete(stream: ServerHttp2Stream): unknown;
  /** Says that so many bytes of an answer were made. */
  made(bytes: number): void;
}

/** How much may be answered before somebody looks what of it is still there: this part of the bound. */
const share = 0.25;

/**
 * Resets the calls that have waited longest, with ENHANCE_YOUR_CALM, once more than `maxBytes` wait. Those that are read
 * come and go; what stays oldest is what nobody reads.
 */
export function createUnreadAnswers(maxBytes: number, log: Logger): UnreadAnswers {
  /** Oldest first. */
  const open = new Set<ServerHttp2Stream>();
  let unseen = 0;
  const look = (): void => {
    let waiting = 0;
    for (const { writableLength } of open) waiting += writableLength;
    if (waiting <= maxBytes) return;
    let reset = 0;
    for (const stream of open) {
      if (waiting <= maxBytes) break;
      if (stream.writableLength === 0 || stream.closed) continue;
      waiting -= stream.writableLength;
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      reset++;
    }
    log.warn('calls reset: their clients left too much of the answers unread', { calls: reset, maxBytes });
  };
  return {
    add: (stream) => open.add(stream),
    delete: (stream) => open.delete(stream),
    made(bytes) {
      unseen += bytes;
      if (unseen < maxBytes * share) return;
      unseen = 0;
      // When this answer has been written, too.
      setImmediate(look);
    },
  };
}
