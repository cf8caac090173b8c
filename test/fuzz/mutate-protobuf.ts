/** Mutations of protobuf that keep lengths right, so that what is deep inside of a message is reached, too. */
import type { Random } from '../torture/random.js';
import { mutateBytes } from './mutate.js';

/** A field by its number and wire type; of type 2 and 3 its fields where its bytes can be read as such. */
interface Field {
  number: number;
  wire: number;
  value: Buffer | Field[];
}

const mostDepth = 5;

const oddVarints = [0n, 1n, 127n, 128n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
const oddTexts = [
  '',
  'FP64',
  'BYTES',
  'BOOL',
  'INT8',
  'UINT64',
  'FP16',
  'simple',
  '\ud800',
  '__proto__',
  'x'.repeat(300),
];

export function mutateProtobuf(input: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  const fields = parse(input, 0);
  if (!fields || random.whole(0, 4) === 0) return mutateBytes(input, random, others);
  const donor = parse(random.pick(others), 0) ?? [];
  for (let left = random.whole(1, 4); left > 0; left--) changeField(anyList(fields, random), random, donor);
  const bytes = write(fields);
  return random.whole(0, 9) === 0 ? mutateBytes(bytes, random, others) : bytes;
}

function changeField(list: Field[], random: Random, donor: readonly Field[]): void {
  const at = random.whole(0, list.length);
  const field = list[at];
  const other = donor.length > 0 ? random.pick(donor) : field;
  if (!field) {
    if (other) list.push(structuredClone(other));
    return;
  }
  switch (random.whole(0, 9)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      list.splice(at, 0, ...Array<Field>(random.whole(0, 19) === 0 ? 300 : random.whole(1, 4)).fill(field));
      break;
    case 2:
      list.splice(random.whole(0, list.length - 1), 0, ...list.splice(at, 1));
      break;
    case 3:
      field.number = random.whole(1, 12);
      break;
    case 4:
      field.wire = random.whole(0, 7);
      break;
    case 5:
      if (other) list[at] = structuredClone(other);
      break;
    case 6:
      list[at] = { number: field.number, wire: 2, value: [field] };
      break;
    case 7:
      list[at] = { number: field.number, wire: 3, value: [field] };
      break;
    default:
      field.value = oddValue(field, random);
  }
}

function oddValue({ wire, value }: Field, random: Random): Buffer {
  if (wire === 0) return varint(random.pick(oddVarints));
  if (wire === 1) return Buffer.alloc(8, random.pick([0, 0xff, 0x7f, 0xf0]));
  if (wire === 5) return Buffer.alloc(4, random.pick([0, 0xff, 0x7f]));
  const bytes = Array.isArray(value) ? write(value) : value;
  if (random.whole(0, 1)) return Buffer.from(random.pick(oddTexts));
  // Packed numbers, one more or one less.
  return random.whole(0, 1) ? Buffer.concat([bytes, varint(random.pick(oddVarints))]) : bytes.subarray(0, -1);
}

/** The fields themselves, or those of one of them, or of one of those. */
function anyList(fields: Field[], random: Random): Field[] {
  const nested = fields.map(({ value }) => value).filter((value): value is Field[] => Array.isArray(value));
  return nested.length > 0 && random.whole(0, 3) > 0 ? anyList(random.pick(nested), random) : fields;
}

function parse(bytes: Buffer, depth: number): Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const tag = readVarint(bytes, at);
    if (!tag || tag.value < 8n || tag.value > 0xffffn) return undefined;
    const [number, wire] = [Number(tag.value >> 3n), Number(tag.value & 7n)];
    at = tag.end;
    let end = at + { 1: 8, 5: 4 }[wire as 1 | 5];
    if (wire === 0 || wire === 2) {
      const read = readVarint(bytes, at);
      if (!read) return undefined;
      if (wire === 2) at = read.end;
      end = wire === 0 ? read.end : at + Number(read.value);
    }
    if (!(end <= bytes.byteLength)) return undefined;
    const value = bytes.subarray(at, end);
    const nested = wire === 2 && depth < mostDepth && value.byteLength > 1 ? parse(value, depth + 1) : undefined;
    fields.push({ number, wire, value: nested ?? value });
    at = end;
  }
  return fields;
}

function readVarint(bytes: Buffer, from: number): { value: bigint; end: number } | undefined {
  let value = 0n;
  for (let at = from; at < Math.min(from + 10, bytes.byteLength); at++) {
    const byte = bytes[at] as number;
    value |= BigInt(byte & 127) << BigInt(7 * (at - from));
    if (byte < 128) return { value, end: at + 1 };
  }
  return undefined;
}

function write(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(({ number, wire, value }) => {
      const bytes = Array.isArray(value) ? write(value) : value;
      const tag = varint(BigInt(number * 8 + wire));
      if (wire === 3) return [tag, bytes, varint(BigInt(number * 8 + 4))];
      return wire === 2 ? [tag, varint(BigInt(bytes.byteLength)), bytes] : [tag, bytes];
    }),
  );
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}
