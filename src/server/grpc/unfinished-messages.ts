/**
 * The bound on messages that are on their way: grpc-js keeps what has come of each, so that clients which begin large ones
 * and do not end them would fill the memory.
 */
import type { ServerHttp2Stream } from 'node:http2';
import type { Logger } from '../telemetry/logger.js';

/** Flag and length before each message. Source: gRPC over HTTP/2, Length-Prefixed-Message */
const prefixBytes = 5;

export interface UnfinishedMessages {
  /** Looks at all that comes on a stream, which somebody else reads. */
  watch(stream: ServerHttp2Stream): void;
  /** To be called when a watched stream is closed. */
  forget(stream: ServerHttp2Stream): void;
}

/** A message of which something has come. */
interface Unfinished {
  /** Bytes that are kept of it. */
  kept: number;
  /** Bytes to come, or zero while its prefix is not whole. */
  missing: number;
  prefix: Buffer;
}

const noBytes = Buffer.alloc(0);

/**
 * Refuses whoever has sent nothing for the longest time, once more than `maxBytes` of unfinished messages are kept: those
 * who send on come to an end.
 */
export function createUnfinishedMessages(
  { maxBytes, refuse }: { maxBytes: number; refuse: (stream: ServerHttp2Stream) => void },
  log: Logger,
): UnfinishedMessages {
  /** Who has sent last is last. */
  const waiting = new Map<ServerHttp2Stream, Unfinished>();
  let kept = 0;
  const forget = (stream: ServerHttp2Stream): void => {
    kept -= waiting.get(stream)?.kept ?? 0;
    waiting.delete(stream);
  };
  const shrink = (): void => {
    let calls = 0;
    for (const [stream] of waiting) {
      if (kept <= maxBytes) break;
      forget(stream);
      refuse(stream);
      calls++;
    }
    log.warn('calls refused: too much of their messages was on its way', { calls, maxBytes });
  };
  function onData(this: ServerHttp2Stream, chunk: Buffer): void {
    const known = waiting.get(this);
    // Nearly every message comes whole, in one piece.
    if (!known && chunk.byteLength >= prefixBytes && chunk.readUInt32BE(1) === chunk.byteLength - prefixBytes) return;
    const before = known?.kept ?? 0;
    const now = advance(known ?? { kept: 0, missing: 0, prefix: noBytes }, chunk);
    kept += now.kept - before;
    waiting.delete(this);
    if (now.kept > 0 || now.missing > 0) waiting.set(this, now);
    if (kept > maxBytes) shrink();
  }
  return { watch: (stream) => void stream.on('data', onData), forget };
}

/** What is unfinished after these bytes, which may end messages and begin others. */
function advance(from: Unfinished, chunk: Buffer): Unfinished {
  let { kept, missing, prefix } = from;
  for (let at = 0; at < chunk.byteLength; ) {
    if (missing > 0) {
      const bytes = Math.min(missing, chunk.byteLength - at);
      at += bytes;
      missing -= bytes;
      kept = missing === 0 ? 0 : kept + bytes;
      continue;
    }
    const more = chunk.subarray(at, at + prefixBytes - prefix.byteLength);
    at += more.byteLength;
    prefix = Buffer.concat([prefix, more]);
    kept = prefix.byteLength;
    if (prefix.byteLength < prefixBytes) continue;
    missing = prefix.readUInt32BE(1);
    if (missing === 0) kept = 0;
    prefix = noBytes;
  }
  return { kept, missing, prefix };
}
