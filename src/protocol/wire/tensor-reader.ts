/** `InferInputTensor` and `InferOutputTensor`, which have the same fields, read. */
import { elementSize } from '../datatype.js';
import { assertDimensionLimit, assertElementLimit, type MessageLimits } from '../message-limits.js';
import { decodeRaw } from '../raw-bytes.js';
import { requireDatatype } from '../require-datatype.js';
import { elementCount } from '../shape.js';
import { oipError, quoteName } from '../status.js';
import type { DataForm, Tensor } from '../tensor.js';
import { decodeContents } from '../typed-contents.js';
import { ContentsCount, readContents, walkContents } from './contents-reader.js';
import { countVarints } from './packed-varints.js';
import { ParametersReader } from './parameters.js';
import { tensorTags } from './tensor-tags.js';
import type { WireReader } from './wire-reader.js';

/** An empty element of BYTES in raw form: its length. */
const smallestRawBytes = 4;

/** A tensor as it stands in the message: checked to be protobuf, its elements counted and not yet read. */
export interface WireTensor {
  name: string;
  datatype: string;
  shape: number[];
  parameters: ParametersReader | undefined;
  contents: ContentsCount | undefined;
  /** Where its message begins and ends. */
  start: number;
  end: number;
}

/** Reads the tensor that the reader stands before. Throws TOO_LARGE for more dimensions or parameters than are read. */
export function readTensor(reader: WireReader): WireTensor {
  const outer = reader.enter();
  const tensor: WireTensor = {
    name: '',
    datatype: '',
    shape: [],
    parameters: undefined,
    contents: undefined,
    start: reader.position,
    end: reader.end,
  };
  while (!reader.atEnd) {
    const tag = reader.tag();
    switch (tag) {
      case tensorTags.name:
        tensor.name = reader.text();
        break;
      case tensorTags.datatype:
        tensor.datatype = reader.text();
        break;
      case tensorTags.packedShape:
        readPackedShape(reader, tensor.shape);
        break;
      case tensorTags.dimension:
        assertDimensionLimit(tensor.shape.length + 1);
        tensor.shape.push(readDimension(reader));
        break;
      case tensorTags.parameters:
        tensor.parameters ??= new ParametersReader();
        tensor.parameters.readEntry(reader);
        break;
      case tensorTags.contents:
        // Contents that come twice are one message in two parts: the specification merges them.
        tensor.contents ??= new ContentsCount(reader.bytes);
        walkContents(reader, tensor.contents);
        break;
      default:
        reader.skip(tag);
    }
  }
  reader.leave(outer);
  return tensor;
}

function readPackedShape(reader: WireReader, shape: number[]): void {
  const outer = reader.enter();
  const count = countVarints(reader.bytes, reader.position, reader.end);
  assertDimensionLimit(shape.length + count);
  while (!reader.atEnd) shape.push(readDimension(reader));
  reader.leave(outer);
}

/** An int64 as a number, rounded beyond 2^53, where the shape's own check refuses it. */
function readDimension(reader: WireReader): number {
  reader.varint();
  return reader.high === 0 ? reader.low : (reader.high | 0) * 0x100000000 + reader.low;
}

/**
 * The tensors of a message, from what was read of each and the message's raw entries. Throws INVALID_ARGUMENT, naming
 * the tensor, for an unknown datatype, a shape that does not fit the data, typed and raw contents together, and
 * another number of raw entries than tensors; TOO_LARGE for more elements than `limits` allow.
 */
export function decodeTensors(
  role: 'input' | 'output',
  wire: readonly WireTensor[],
  raw: readonly Buffer[],
  reader: WireReader,
  limits: Readonly<MessageLimits>,
): { form: DataForm; tensors: Tensor[] } {
  const form = raw.length > 0 ? 'raw' : 'typed';
  if (form === 'raw' && raw.length !== wire.length) {
    throw oipError('INVALID_ARGUMENT', `raw_${role}_contents has ${raw.length} entries for ${wire.length} ${role}s`);
  }
  const tensors = wire.map((tensor, index): Tensor => {
    const { name, shape, contents, parameters } = tensor;
    const subject = `${role} ${quoteName(name)}`;
    const datatype = requireDatatype(tensor.datatype, subject);
    const count = elementCount(shape, subject);
    const bytes = raw[index];
    // As many as are made where shape and data agree; where they do not, that is what is wrong.
    const held = bytes ? bytes.byteLength / (elementSize[datatype] ?? smallestRawBytes) : (contents?.count ?? 0);
    assertElementLimit(datatype, Math.min(count, Math.floor(held)), limits, subject);
    if (bytes && contents?.field) {
      throw oipError(
        'INVALID_ARGUMENT',
        `${subject}: has contents and an entry in raw_${role}_contents; send one of them`,
      );
    }
    const before = raw[index - 1];
    // What is in front of a raw entry has been read, up to the entry before it.
    const room = bytes
      ? bytes.byteOffset - (before ? before.byteOffset + before.byteLength : reader.bytes.byteOffset)
      : 0;
    const data = bytes
      ? decodeRaw(datatype, bytes, count, subject, room)
      : decodeContents({ datatype, shape, subject }, contents, (field, found) =>
          readContents(field, found, reader, (read) => eachContents(reader, tensor, read), tensor.start),
        );
    const given = parameters?.values;
    return given && Object.keys(given).length > 0
      ? { name, datatype, shape, data, parameters: given }
      : { name, datatype, shape, data };
  });
  return { form, tensors };
}

/** Walks a tensor once more, and calls `read` where the reader stands before each of its contents messages. */
function eachContents(reader: WireReader, { start, end }: WireTensor, read: (reader: WireReader) => void): void {
  reader.position = start;
  reader.end = end;
  while (!reader.atEnd) {
    const tag = reader.tag();
    if (tag === tensorTags.contents) read(reader);
    else reader.skip(tag);
  }
}
