/** Which inputs and outputs of an ONNX file are scalars: the runtime tells a scalar and an unknown shape in one way. */
import { WireReader, wireType } from '../protocol/wire/wire-reader.js';

/** Field numbers on the way to a shape. Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
const fields = { graph: 7, input: 11, output: 12, name: 1, type: 2, tensorType: 1, shape: 2, dimension: 1 } as const;

/** Names of the inputs and outputs that the file declares with a shape of no dimensions. */
export function scalarNames(file: Uint8Array): ReadonlySet<string> {
  const names = new Set<string>();
  const reader = new WireReader(file);
  const onValue = () => {
    const { name, scalar } = readValue(reader);
    if (scalar) names.add(name);
  };
  try {
    readMessage(reader, {
      [fields.graph]: () => readNested(reader, { [fields.input]: onValue, [fields.output]: onValue }),
    });
  } catch {
    // The runtime reads other formats too, and those say nothing here.
    return new Set();
  }
  return names;
}

/** What to do with the embedded message of a field; it is left when that returns. */
type Handlers = Readonly<Record<number, () => void>>;

function readMessage(reader: WireReader, handlers: Handlers): void {
  while (!reader.atEnd) {
    const tag = reader.tag();
    const handle = (tag & 7) === wireType.delimited ? handlers[tag >>> 3] : undefined;
    if (handle) handle();
    else reader.skip(tag);
  }
}

function readNested(reader: WireReader, handlers: Handlers): void {
  const outer = reader.enter();
  readMessage(reader, handlers);
  reader.leave(outer);
}

function readValue(reader: WireReader): { name: string; scalar: boolean } {
  let name = '';
  let dimensions: number | undefined;
  const onDimension = () => {
    dimensions = (dimensions ?? 0) + 1;
    reader.delimited();
  };
  const onShape = () => {
    dimensions ??= 0;
    readNested(reader, { [fields.dimension]: onDimension });
  };
  readNested(reader, {
    [fields.name]: () => {
      name = reader.text();
    },
    [fields.type]: () =>
      readNested(reader, { [fields.tensorType]: () => readNested(reader, { [fields.shape]: onShape }) }),
  });
  return { name, scalar: dimensions === 0 };
}
