/** Reads the multiplexed stream of `GET /containers/{id}/logs` as lines. */
import type { LogLine } from '../engine.js';
import { LineBuffer } from '../line-buffer.js';

const headerBytes = 8;

/**
 * Splits the stream into lines. Each frame has a header of eight bytes, the stream's number (1 stdout, 2 stderr), three
 * zeros, the length as a big-endian number; frames, lines and characters end wherever they like between chunks.
 * Source: Docker Engine API, "Attach to a container", stream format.
 */
export async function* readLogStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<LogLine> {
  const unfinished = { stdout: new LineBuffer(), stderr: new LineBuffer() };
  for await (const { stream, payload } of readFrames(chunks)) {
    for (const line of unfinished[stream].push(payload)) yield { stream, line };
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    const line = unfinished[stream].rest();
    if (line !== undefined) yield { stream, line };
  }
}

async function* readFrames(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ stream: LogLine['stream']; payload: Buffer }> {
  const header = Buffer.alloc(headerBytes);
  let headerFilled = 0;
  let left = 0;
  for await (const chunk of chunks) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (rest.length > 0) {
      if (left === 0) {
        const taken = rest.copy(header, headerFilled, 0, headerBytes - headerFilled);
        headerFilled += taken;
        rest = rest.subarray(taken);
        if (headerFilled < headerBytes) break;
        headerFilled = 0;
        left = header.readUInt32BE(4);
        continue;
      }
      const payload = rest.subarray(0, left);
      left -= payload.length;
      rest = rest.subarray(payload.length);
      // The payload is handed on in pieces as it comes; a line is only complete at its newline anyway.
      yield { stream: header[0] === 2 ? 'stderr' : 'stdout', payload };
    }
  }
}
