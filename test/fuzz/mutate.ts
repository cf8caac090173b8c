/** Mutations that know nothing of what the bytes mean. */
import type { Random } from '../torture/random.js';

const oddBytes = [0, 1, 0x0a, 0x20, 0x22, 0x2c, 0x5b, 0x7b, 0x7f, 0x80, 0xc0, 0xed, 0xfe, 0xff] as const;

/** Largest input that is made: limits are tried by tests of their own, and time goes into many inputs here. */
const mostBytes = 32 * 1024;

/** One to four changes: bytes changed, taken out, put in, said again, swapped, from elsewhere, or cut off. */
export function mutateBytes(
  input: Buffer,
  random: Random,
  others: readonly Buffer[],
  tokens: readonly string[] = [],
): Buffer {
  let result = input;
  for (let left = random.whole(1, 4); left > 0; left--) result = change(result, random, others, tokens);
  return result.subarray(0, mostBytes);
}

function change(bytes: Buffer, random: Random, others: readonly Buffer[], tokens: readonly string[]): Buffer {
  const at = random.whole(0, bytes.byteLength);
  const to = Math.min(bytes.byteLength, at + random.whole(0, 8));
  const put = (middle: Uint8Array, until = at) => Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(until)]);
  switch (random.whole(0, 9)) {
    case 0:
      return put(Buffer.of(random.whole(0, 255)), Math.min(bytes.byteLength, at + 1));
    case 1:
      return put(Buffer.of((bytes[at] ?? 0) ^ (1 << random.whole(0, 7))), Math.min(bytes.byteLength, at + 1));
    case 2:
      return put(Buffer.of(random.pick(oddBytes)));
    case 3:
      return put(Buffer.alloc(0), to);
    case 4:
      return put(bytes.subarray(at, to));
    case 5: {
      const piece = bytes.subarray(at, at + random.whole(1, 64));
      return put(Buffer.concat(Array(random.whole(2, 40)).fill(piece)));
    }
    case 6: {
      const other = others.length > 0 ? random.pick(others) : bytes;
      const from = random.whole(0, other.byteLength);
      return put(other.subarray(from, from + random.whole(1, 64)), to);
    }
    case 7:
      return random.whole(0, 3) === 0 ? bytes.subarray(0, at) : put(Buffer.of(random.whole(0, 255)));
    default:
      return tokens.length > 0
        ? put(Buffer.from(random.pick(tokens)), random.whole(0, 1) ? to : at)
        : put(bytes.subarray(at, to));
  }
}

/** Lines taken out, said again, swapped, taken from another text, indented; or bytes and tokens within them. */
export function mutateLines(
  input: Buffer,
  random: Random,
  others: readonly Buffer[],
  tokens: readonly string[],
): Buffer {
  const lines = input.toString('latin1').split('\n');
  for (let left = random.whole(0, 3); left > 0; left--) {
    const at = random.whole(0, lines.length - 1);
    const line = lines[at] ?? '';
    const kind = random.whole(0, 6);
    if (kind === 0) lines.splice(at, 1);
    else if (kind === 1) lines.splice(at, 0, line);
    else if (kind === 2) lines.splice(random.whole(0, lines.length), 0, ...lines.splice(at, random.whole(1, 3)));
    else if (kind === 3)
      lines.splice(at, 0, ...random.pick(others).toString('latin1').split('\n').slice(0, random.whole(1, 6)));
    else if (kind === 4) lines[at] = `${' '.repeat(random.whole(0, 4))}${line.trimStart()}`;
    // Of `key: value` and `key=value` another value.
    else if (kind === 5) lines[at] = line.replace(/([:=]\s*)[^\s,]*/, (_, mark: string) => mark + random.pick(tokens));
    else lines[at] = line.replace(/\w+/, () => random.pick(tokens));
    if (lines.length === 0) lines.push('');
  }
  const bytes = Buffer.from(lines.join('\n'), 'latin1');
  return random.whole(0, 1) ? mutateBytes(bytes, random, others, tokens) : bytes.subarray(0, mostBytes);
}
