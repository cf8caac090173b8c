/** A stream that remembers what was written to it, for a terminal or none. */
import { PassThrough } from 'node:stream';

export interface Recorder {
  stream: NodeJS.WriteStream;
  text(): string;
}

/** What a terminal can do with its cursor; where it is does not matter here. */
const cursor = { cursorTo: () => true, clearLine: () => true, moveCursor: () => true };

export function recorder({ isTTY = false }: { isTTY?: boolean } = {}): Recorder {
  let written = '';
  const stream = new PassThrough({ encoding: 'utf8' }).on('data', (chunk: string) => {
    written += chunk;
  });
  return {
    stream: Object.assign(stream, { isTTY, columns: 120, ...cursor }) as unknown as NodeJS.WriteStream,
    text: () => written,
  };
}
