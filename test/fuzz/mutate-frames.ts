/** Mutations of HTTP/2 frame by frame: fields of heads, payloads, order; and then of the bytes. */
import { type Frame, http2Frame, preface, readFrames } from '../tools/http2-frames.js';
import type { Random } from '../torture/random.js';
import { mutateBytes } from './mutate.js';

const oddNumbers = [0, 1, 2, 3, 5, 0x7fffffff, 0x80000001, 0xffffffff] as const;
const oddLengths = [0, 1, 4, 5, 8, 16_384, 16_385, 0xffffff] as const;
const mostFrames = 400;

export function mutateFrames(input: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  const { head, frames, rest } = split(input);
  const changed: (Frame & { length?: number })[] = [...frames];
  const donors = split(random.pick(others)).frames;
  for (let left = random.whole(1, 5); left > 0; left--) {
    const at = random.whole(0, Math.max(0, changed.length - 1));
    const frame = changed[at];
    const donor = donors.length > 0 ? random.pick(donors) : frame;
    const kind = random.whole(0, 9);
    if (kind === 0) changed.splice(at, 1);
    else if (kind === 1 && frame)
      changed.splice(at, 0, ...Array(random.whole(0, 9) === 0 ? 100 : random.whole(1, 3)).fill(frame));
    else if (kind === 2) changed.splice(random.whole(0, changed.length), 0, ...changed.splice(at, 1));
    else if (kind === 3 && donor) changed.splice(at, 0, donor);
    else if (!frame) continue;
    else if (kind === 4) changed[at] = { ...frame, type: random.whole(0, 11) };
    else if (kind === 5) changed[at] = { ...frame, flags: random.whole(0, 255) };
    else if (kind === 6) changed[at] = { ...frame, stream: random.pick(oddNumbers) };
    else if (kind === 7) changed[at] = { ...frame, length: random.pick(oddLengths) };
    else changed[at] = { ...frame, payload: mutateBytes(frame.payload, random, others) };
  }
  const bytes = Buffer.concat([
    head,
    ...changed.slice(0, mostFrames).map((frame) => http2Frame(frame.type, frame)),
    rest,
  ]);
  return random.whole(0, 5) === 0 ? mutateBytes(bytes, random, others) : bytes;
}

function split(input: Buffer): { head: Buffer; frames: Frame[]; rest: Buffer } {
  const begins = input.subarray(0, preface.byteLength).equals(preface) ? preface.byteLength : 0;
  return { head: input.subarray(0, begins), ...readFrames(input.subarray(begins)) };
}
