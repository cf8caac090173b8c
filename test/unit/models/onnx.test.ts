/** ONNX files by the real runtime, as it is installed here. */
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findOnnxRuntime } from '../../../src/config/onnx-runtime.js';
import { createModel, modelConfigSchema } from '../../../src/models/kinds.js';
import type { Model } from '../../../src/models/model.js';
import { scalarNames } from '../../../src/models/onnx-scalars.js';
import type { Datatype } from '../../../src/protocol/datatype.js';
import type { Tensor } from '../../../src/protocol/tensor.js';
import { type OnnxModelOptions, onnxModel, onnxType } from '../../fakes/onnx-model.js';
import { type Workspace, workspace } from '../config/workspace.js';

let space: Workspace;
let runtime: string;
beforeAll(() => {
  space = workspace();
  runtime = findOnnxRuntime(dirname(new URL(import.meta.url).pathname)) ?? 'absent';
});
afterAll(() => space[Symbol.dispose]());

const config = (path: string) => modelConfigSchema.parse({ kind: 'onnx', name: 'm', path, runtime });
const loadFile = async (content: Uint8Array): Promise<Model> =>
  await createModel(config(space.write('model.onnx', content)), { version: '1' });
const load = (options?: OnnxModelOptions) => loadFile(onnxModel(options));
const tensor = (datatype: Datatype, data: Tensor['data'], shape = [data.length], name = 'sent'): Tensor => {
  return { name, datatype, shape, data };
};
const identity = { op: 'Identity', inputs: ['x'], outputs: ['y'] };

describe('An ONNX model', () => {
  it('tells its inputs and outputs as the file has them, named dimensions as -1', async () => {
    expect(await load({ shape: ['batch', 3] })).toMatchObject({
      platform: 'onnxruntime_onnx',
      inputs: [
        { name: 'a', datatype: 'FP64', shape: [-1, 3] },
        { name: 'b', datatype: 'FP64', shape: [-1, 3] },
      ],
      outputs: [{ name: 'c', datatype: 'FP64', shape: [-1, 3] }],
    });
  });

  it('computes, whatever names its inputs came by', async () => {
    const model = await load();
    const inputs = [tensor('FP64', Float64Array.of(1.5, -2)), tensor('FP64', Float64Array.of(4, 0.1))];
    expect(await model.predict(inputs, {})).toEqual([
      { name: 'c', datatype: 'FP64', shape: [2], data: Float64Array.of(6, -0.2) },
    ]);
  });

  it('takes an empty tensor, and many inferences at one time', async () => {
    const model = await load();
    const none = tensor('FP64', new Float64Array(0));
    expect(await model.predict([none, none], {})).toMatchObject([{ shape: [0], data: new Float64Array(0) }]);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        model.predict([tensor('FP64', Float64Array.of(index)), tensor('FP64', Float64Array.of(2))], {}),
      ),
    );
    expect(answers.map(([output]) => output?.data[0])).toEqual(answers.map((_, index) => index * 2));
  });

  it.each<[Datatype, Tensor['data']]>([
    ['BOOL', Uint8Array.of(1, 0)],
    ['INT8', Int8Array.of(-128)],
    ['INT16', Int16Array.of(-32_768)],
    ['INT32', Int32Array.of(2 ** 31 - 1)],
    ['INT64', BigInt64Array.of(9_007_199_254_740_993n, -(2n ** 63n))],
    ['UINT8', Uint8Array.of(255)],
    ['UINT16', Uint16Array.of(65_535)],
    ['UINT32', Uint32Array.of(2 ** 32 - 1)],
    ['UINT64', BigUint64Array.of(2n ** 64n - 1n)],
    ['FP16', Uint16Array.of(0x3c00, 0x0001)],
    ['FP32', Float32Array.of(0.1, Number.NaN)],
    ['FP64', Float64Array.of(-0, Number.POSITIVE_INFINITY)],
    ['BYTES', ['grüße', '', '{"json": true}'].map((text) => new TextEncoder().encode(text))],
  ])('returns %s as it came', async (datatype, data) => {
    const model = await load({ ...identity, type: onnxType[datatype as keyof typeof onnxType] });
    expect(await model.predict([tensor(datatype, data)], {})).toEqual([
      { name: 'y', datatype, shape: [data.length], data },
    ]);
  });

  it.each([
    ['is not UTF-8', Uint8Array.of(0xff)],
    ['has a NUL character', Uint8Array.of(97, 0, 98)],
  ])('refuses a string that %s, which the runtime would change', async (why, bytes) => {
    const model = await load({ ...identity, type: onnxType.BYTES });
    await expect(model.predict([tensor('BYTES', [bytes])], {})).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: `input "sent": element 0 ${why}; ONNX models take text`,
    });
  });

  it('tells a scalar from a shape that the file does not tell', async () => {
    expect((await load({ ...identity, shape: [] })).inputs).toMatchObject([{ shape: [] }]);
    expect((await load({ ...identity, shape: null })).inputs).toMatchObject([{ shape: [-1] }]);
    expect(scalarNames(onnxModel({ shape: [] }))).toEqual(new Set(['a', 'b', 'c']));
    expect(scalarNames(Uint8Array.of(0, 1, 2))).toEqual(new Set());
  });

  it('refuses a rank that the runtime refuses, in its words', async () => {
    const model = await load();
    const inputs = [tensor('FP64', Float64Array.of(1), [1, 1]), tensor('FP64', Float64Array.of(1))];
    await expect(model.predict(inputs, {})).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringContaining('Invalid rank for input: a Got: 2 Expected: 1'),
    });
  });

  it('fails as a model that is wrong where the runtime fails in the middle', async () => {
    const model = await load();
    const inputs = [tensor('FP64', Float64Array.of(1, 2)), tensor('FP64', Float64Array.of(1, 2, 3))];
    await expect(model.predict(inputs, {})).rejects.toMatchObject({ name: 'Error', message: /broadcast an axis/ });
  });

  it('reads its file anew at every load, and gives back what it held', async () => {
    const first = await load({ op: 'Mul' });
    const second = await load({ op: 'Add' });
    const inputs = [tensor('FP64', Float64Array.of(5)), tensor('FP64', Float64Array.of(7))];
    expect(await first.predict(inputs, {})).toMatchObject([{ data: Float64Array.of(35) }]);
    await first.close?.();
    expect(await second.predict(inputs, {})).toMatchObject([{ data: Float64Array.of(12) }]);
    await expect(first.predict(inputs, {})).rejects.toThrow('session');
  });
});

describe('The load of an ONNX model fails, and says why, where', () => {
  it.each<[string, () => Uint8Array, string]>([
    ['the file is no ONNX', () => new TextEncoder().encode('<html>'), 'protobuf parsing failed'],
    ['the file is empty', () => new Uint8Array(0), 'No graph was found'],
    ['an operator is unknown', () => onnxModel({ op: 'Nope' }), 'No Op registered for Nope'],
    ['a datatype cannot be served', () => onnxModel({ ...identity, type: onnxType.BF16 }), 'unsupported data type: 16'],
  ])('%s', async (_case, content, message) => {
    await expect(loadFile(content())).rejects.toThrow(message);
  });

  it('the file, or the runtime, is not there', async () => {
    await expect(createModel(config(`${space.directory}/absent.onnx`), { version: '1' })).rejects.toThrow('ENOENT');
    const path = space.write('model.onnx', onnxModel());
    const elsewhere = modelConfigSchema.parse({ kind: 'onnx', name: 'm', path, runtime: space.directory });
    await expect(createModel(elsewhere, { version: '1' })).rejects.toThrow('ort.wasm.bundle.min.mjs');
    const unsaid = modelConfigSchema.parse({ kind: 'onnx', name: 'm', path });
    await expect(createModel(unsaid, { version: '1' })).rejects.toThrow('runtime is missing');
  });
});
