/** Reads what the daemon tells while it works: a stream of JSON objects, of which each may be the end of it. */
import { LineBuffer } from '../line-buffer.js';
import { DaemonRefusal } from './daemon-errors.js';
import { type DaemonMessage, messageReply } from './replies.js';

/** The daemon said in the middle of its work that it failed, or said something that nobody understands. */
class DaemonComplaint extends Error {
  constructor(
    /** What it said. */
    readonly words: string,
  ) {
    super(words);
    this.name = 'DaemonComplaint';
  }
}

/** What the daemon said of a failure, by its status or in the middle of its work; of any other error its text. */
export function daemonWords(error: unknown): string {
  return error instanceof DaemonRefusal || error instanceof DaemonComplaint ? error.words : String(error);
}

/**
 * The messages of load, pull and build, one a line. The status of such an answer is 200 whatever happens: a failure comes
 * as a message with `error`. Lines and characters end wherever they like between chunks.
 * @throws DaemonComplaint for that message, and for a line that is none
 */
export async function* readMessages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<DaemonMessage> {
  const lines = new LineBuffer();
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (const line of lines.push(bytes)) if (line.trim() !== '') yield messageOf(line);
  }
  const rest = lines.rest();
  if (rest !== undefined && rest.trim() !== '') yield messageOf(rest);
}

function messageOf(line: string): DaemonMessage {
  let message: DaemonMessage;
  try {
    message = messageReply.parse(JSON.parse(line));
  } catch {
    throw new DaemonComplaint(`the daemon answered ${JSON.stringify(line.slice(0, 200))}`);
  }
  const { error, errorDetail } = message;
  if (error === undefined || error === null) return message;
  throw new DaemonComplaint((errorDetail?.message ?? String(error)).trim());
}
