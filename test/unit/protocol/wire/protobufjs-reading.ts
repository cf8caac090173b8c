/** What protobufjs makes of a message, and the same form of what the specification says, so that they compare. */
import Long from 'long';
import protobuf from 'protobufjs';
import type { Message } from './specification-decoder.js';

// Without it int64 loses bits.
protobuf.util.Long = Long;
protobuf.configure();

/** What protobufjs reads, in the form of `Message` but for float and double, which are numbers; undefined if it refuses. */
export function readByProtobufjs(type: protobuf.Type, bytes: Uint8Array): Message | undefined {
  try {
    // Its reader of Buffers takes a string that is cut off; the one of other arrays does not.
    return fromProtobufjs(type, type.decode(new Uint8Array(bytes)) as unknown as Message);
  } catch {
    return undefined;
  }
}

function fromProtobufjs(type: protobuf.Type, message: Message): Message {
  return mapFields(type, message, (value) => {
    if (Long.isLong(value)) return BigInt(value.toString());
    return value instanceof Uint8Array ? Buffer.from(value) : value;
  });
}

/** A message as `readBySpecification` gives it, with float and double as numbers. */
export function withNumbers(type: protobuf.Type, message: Message): Message {
  return mapFields(type, message, (value, scalar) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, typeof value === 'bigint' ? BigInt.asUintN(64, value) : 0n, true);
    if (scalar === 'double') return view.getFloat64(0, true);
    if (scalar === 'float') return view.getFloat32(0, true);
    return scalar === 'int32' || scalar === 'uint32' ? Number(value) : value;
  });
}

function mapFields(type: protobuf.Type, message: Message, map: (value: unknown, scalar: string) => unknown): Message {
  const result: Message = {};
  for (const field of type.fieldsArray) {
    const value = Object.hasOwn(message, field.name) ? message[field.name] : undefined;
    const nested = field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
    const one = (item: unknown) => (nested ? mapFields(nested, (item ?? {}) as Message, map) : map(item, field.type));
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue;
    if (Array.isArray(value)) result[field.name] = value.map(one);
    else if (field.map) {
      if (Object.keys(value).length > 0)
        result[field.name] = new Map(Object.entries(value).map(([key, item]): [string, unknown] => [key, one(item)]));
    } else result[field.name] = one(value);
  }
  return result;
}
