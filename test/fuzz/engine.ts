/** What a daemon says: messages of pull and build, one a line, and the frames of logs, wherever they are cut in pieces. */
import { readMessages } from '../../src/engine/docker/json-lines.js';
import { readLogStream } from '../../src/engine/docker/log-stream.js';
import { pullTracker } from '../../src/engine/docker/pull-tracker.js';
import { seededRandom } from '../torture/random.js';
import { mutateLines } from './mutate.js';
import { type Target, thrown, type Verdict } from './target.js';

const tokens = [
  '{"stream":"Step 1/2 : FROM a\\n"}',
  '{"error":"no"}',
  '{"errorDetail":{"message":"no"},"error":"no"}',
  '{"error":null}',
  '{"error":{}}',
  '{"status":"Downloading","id":"a","progressDetail":{"current":1,"total":-5}}',
  '{"status":"Extracting","id":"__proto__"}',
  'null',
  '[]',
  '"x"',
  '1',
  '{"aux":{"ID":"sha256:0"}}',
  '\r',
  '\r\n',
  '\n\n',
  '\0',
  '\xff',
  '\xf0\x9f',
  '\x01\0\0\0\0\0\0\x05hello',
  '\x02\0\0\0\0\0\0\0',
  '\x01\0\0\0\xff\xff\xff\xff',
  '1e400',
  '"id":',
  '"status":',
  '"progressDetail":',
];

export const engineTarget: Target = {
  name: 'engine',
  mutate: (input, random, others) => mutateLines(input, random, others, tokens),
  async tryHere(input) {
    const pieces = cut(input);
    for (const read of [messages, lines]) {
      const [whole, parts] = [await outcome(read, [input]), await outcome(read, pieces)];
      if (whole.verdict !== undefined) return whole.verdict;
      if (JSON.stringify(whole.all) !== JSON.stringify(parts.all)) return 'is read in another way in pieces';
    }
    return undefined;
  },
};

async function* messages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const tracker = pullTracker();
  for await (const message of readMessages(chunks)) {
    tracker.take(message);
    yield [message, tracker.progress()];
  }
}

async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  yield* readLogStream(chunks);
}

async function outcome(
  read: (chunks: AsyncIterable<Uint8Array>) => AsyncGenerator<unknown>,
  chunks: readonly Uint8Array[],
): Promise<{ all: unknown[]; verdict: Verdict }> {
  const all: unknown[] = [];
  try {
    for await (const one of read(streamOf(chunks))) all.push(one);
  } catch (error) {
    all.push((error as Error).message);
    return { all, verdict: thrown(error, ({ name }) => name === 'DaemonComplaint') };
  }
  // Lines of one stream keep their order; those of the two streams end when their newline comes.
  return { all, verdict: undefined };
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Pieces of up to 40 bytes; where, the length decides. */
function cut(input: Buffer): Buffer[] {
  const random = seededRandom(input.byteLength);
  const pieces: Buffer[] = [];
  for (let at = 0; at < input.byteLength; ) {
    const end = at + random.whole(1, 40);
    pieces.push(input.subarray(at, end));
    at = end;
  }
  return pieces;
}
