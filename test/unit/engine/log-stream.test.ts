import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLogStream } from '../../../src/engine/docker/log-stream.js';
import type { LogLine } from '../../../src/engine/engine.js';

function frame(stream: 1 | 2, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

async function* cutAt(bytes: Buffer, cuts: number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
  yield bytes.subarray(from);
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of readLogStream(chunks)) lines.push(line);
  return lines;
}

describe("Docker's log stream", () => {
  it('gives the lines of both streams, and what stands after the last newline', async () => {
    const bytes = Buffer.concat([
      frame(1, Buffer.from('one\ntw')),
      frame(2, Buffer.from('oops\r\n')),
      frame(1, Buffer.from('o\n\nrest')),
    ]);
    expect(await read(cutAt(bytes, []))).toEqual([
      { stream: 'stdout', line: 'one' },
      { stream: 'stderr', line: 'oops' },
      { stream: 'stdout', line: 'two' },
      { stream: 'stdout', line: '' },
      { stream: 'stdout', line: 'rest' },
    ]);
  });

  it('is read the same wherever frames, chunks and characters are cut', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((line) => line.replace(/[\r\n]/g, '·'));
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { maxLength: 10 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        async (lines, frameCuts, chunkCuts) => {
          const payload = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const frames: Buffer[] = [];
          for await (const piece of cutAt(payload, frameCuts)) frames.push(frame(1, Buffer.from(piece)));
          const found = await read(cutAt(Buffer.concat(frames), chunkCuts));
          expect(found.map(({ line }) => line)).toEqual(lines);
        },
      ),
    );
  });

  it('does not keep a line without an end for ever', async () => {
    const mad = async function* () {
      for (let sent = 0; sent < 4; sent++) yield frame(1, Buffer.alloc(512 * 1024, 'x'));
    };
    expect((await read(mad())).length).toBeGreaterThan(1);
  });
});
