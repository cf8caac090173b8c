import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandContext } from '../../../src/commands/context.js';
import { type InferOptions, infer } from '../../../src/commands/infer.js';
import { UsageError } from '../../../src/errors.js';
import { type Served, serveDefaults } from './served.js';

let served: Served;
let directory: string;
const saved = JSON.parse(readFileSync(new URL('numpy-files.json', import.meta.url), 'utf8')) as {
  what: string;
  data: unknown[];
  shape: number[];
  datatype: string;
  file: string;
}[];

beforeAll(async () => {
  served = await serveDefaults();
  directory = mkdtempSync(join(tmpdir(), 'kserve-env-input-'));
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

/** Writes a file, and returns its name. */
const file = (name: string, content: string | Buffer): string => {
  writeFileSync(join(directory, name), content);
  return name;
};
const run = async (options: InferOptions) => {
  const { data } = await infer({ endpoint: served.endpoint, ...options }, commandContext({ cwd: directory }));
  return data;
};
const outputs = async (options: InferOptions) =>
  (await run(options)).outputs.map(({ datatype, shape, data }) => ({ datatype, shape, data }));
const refusal = async (options: InferOptions): Promise<UsageError> => {
  const error = await run(options).then(
    (data) => expect.unreachable(`it answered ${JSON.stringify(data.outputs)}`),
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(UsageError);
  return error;
};

describe('infer reads', () => {
  it.each([
    { what: 'a bare array', text: '[1, -2.5, 3]', shape: [3], data: [2, -5, 6] },
    { what: 'a nested array', text: '[[1], [2]]', shape: [2, 1], data: [2, 4] },
    { what: 'a single number', text: '21', shape: [1], data: [42] },
    { what: 'words for what JSON lacks', text: '["NaN", "-Infinity", 1]', shape: [3], data: ['NaN', '-Infinity', 2] },
    { what: 'an empty array', text: '[]', shape: [0], data: [] },
    { what: 'an object of arrays', text: '{"input_tensor": [1, 2]}', shape: [2], data: [2, 4] },
    {
      what: 'a request body',
      text: '{"inputs":[{"name":"x","datatype":"FP64","shape":[2],"data":[1,2]}]}',
      shape: [2],
      data: [2, 4],
    },
    { what: 'a text with a mark of its byte order', text: '\ufeff[1]', shape: [1], data: [2] },
  ])('$what from a file and from standard input', async ({ text, shape, data }) => {
    const expected = [{ datatype: 'FP64', shape, data }];
    expect(await outputs({ model: 'simple_scaler', input: file('input.json', text) })).toEqual(expected);
    const stdin = new PassThrough().end(text);
    expect(await outputs({ model: 'simple_scaler', input: '-', stdin })).toEqual(expected);
  });

  it('an array for each input of a model, in any order', async () => {
    const input = file('both.json', '{"input_b": [10, 20], "input_a": [1, 2]}');
    expect(await outputs({ model: 'simple_sum', input })).toMatchObject([{ data: [11, 22] }]);
    const tensors = [`input_a=@${file('a.json', '[1, 2]')}`, 'input_b=10,20'];
    expect(await outputs({ model: 'simple_sum', tensors })).toMatchObject([{ data: [11, 22] }]);
  });

  it('values into the shape of the model, and nested arrays as they are', async () => {
    const flat = file('flat.json', '[1, 2, 3, 4]');
    expect(await outputs({ model: 'linear_regression', input: flat })).toMatchObject([{ data: [9, 19] }]);
    const rows = file('rows.json', '[[1, 2], [3, 4]]');
    expect(await outputs({ model: 'linear_regression', input: rows })).toMatchObject([{ data: [9, 19] }]);
  });

  it('integers beyond 2^53 exactly', async () => {
    const input = file('long.json', '[9007199254740993, -9223372036854775808]');
    const [echo] = await outputs({ model: 'identity', input, datatype: 'INT64' });
    expect(echo).toEqual({ datatype: 'INT64', shape: [2], data: [9_007_199_254_740_993n, -(2n ** 63n)] });
  });

  it.each(saved)('numpy’s $what, and the server gives it back', async ({ data, shape, datatype, file: content }) => {
    const name = file('x.npy', Buffer.from(content, 'base64'));
    const plain = (all: { data: unknown[] }[]) =>
      all.map((one) =>
        one.data.map((value) => (Object.is(value, -0) ? '-0' : typeof value === 'bigint' ? `${value}` : value)),
      );
    for (const options of [{ input: name }, { tensors: [`input_tensor=@${name}`] }, { input: name, raw: true }]) {
      const found = await outputs({ model: 'identity', ...options });
      expect(found).toMatchObject([{ shape, datatype }]);
      expect(plain(found)).toEqual([data]);
    }
  });

  it('numpy’s arrays from standard input', async () => {
    const [one] = saved.filter(({ what }) => what === '<f8 in Fortran order');
    const stdin = new PassThrough().end(Buffer.from(one?.file ?? '', 'base64'));
    expect(await outputs({ model: 'identity', input: '-', stdin })).toMatchObject([
      { shape: [2, 3], datatype: 'FP64' },
    ]);
  });
});

describe('infer refuses', () => {
  const scaler = { model: 'simple_scaler' };
  const garbage = Buffer.from([0xff, 0xfe, 0, 1, 2, 3]);

  it.each<{ what: string; content: string | Buffer; says: RegExp }>([
    { what: 'nothing', content: '', says: /^--input: in is empty$/ },
    { what: 'garbage', content: garbage, says: /^--input: in is neither JSON nor a \.npy file$/ },
    { what: 'text', content: 'hello', says: /^--input: in is neither JSON nor a \.npy file: / },
    { what: 'half a text of JSON', content: '[1, 2', says: /neither JSON/ },
    { what: 'an archive of numpy', content: 'PK\x03\x04...', says: /is a \.npz archive/ },
    { what: 'a pickle', content: Buffer.from([0x80, 4, 0x95]), says: /is a pickle of Python's/ },
    { what: 'gzip', content: Buffer.from([0x1f, 0x8b, 8]), says: /compressed by gzip/ },
    { what: 'half a file of numpy', content: Buffer.from('\x93NUMPY\x01\x00v\x00{', 'latin1'), says: /cut off/ },
    { what: 'null', content: 'null', says: /element 0 of FP64 must be a number, got null/ },
    { what: 'a text among numbers', content: '[1, "two"]', says: /element 1 of FP64 must be a number, got string/ },
    { what: 'ragged rows', content: '[[1, 2], [3]]', says: /ragged/ },
    { what: 'an object without arrays', content: '{"a": {"b": 1}}', says: /"a" is no array/ },
    { what: 'an empty object', content: '{}', says: /has no member/ },
    { what: 'arrays a thousand deep', content: '['.repeat(1000) + ']'.repeat(1000), says: /nests deeper/ },
  ])('$what', async ({ content, says }) => {
    expect((await refusal({ ...scaler, input: file('in', content) })).message).toMatch(says);
  });

  it('files that are none, with the flag that names them', async () => {
    expect((await refusal({ ...scaler, input: '.' })).message).toBe('--input: . is a directory');
    expect((await refusal({ ...scaler, input: 'absent.npy' })).message).toBe('--input: absent.npy does not exist');
    expect((await refusal({ ...scaler, tensors: ['x=@absent'] })).message).toBe('--tensor x: absent does not exist');
  });

  it('a file for a model of two inputs, with the flags that it takes', async () => {
    const error = await refusal({ model: 'simple_sum', input: file('a.json', '[1]') });
    expect(error.hint).toBe('kserve-env infer simple_sum --tensor input_a=@FILE --tensor input_b=@FILE');
  });

  it('a body as one tensor', async () => {
    const error = await refusal({ model: 'simple_sum', tensors: [`input_a=@${file('body.json', '{"inputs":[]}')}`] });
    expect(error.hint).toBe('--input body.json');
  });

  it('standard input for two tensors', async () => {
    const stdin = new PassThrough().end('[1]');
    const error = await refusal({ model: 'simple_sum', tensors: ['input_a=@-', 'input_b=@-'], stdin });
    expect(error.message).toMatch(/cannot both read standard input/);
  });

  it('another datatype than the file of numpy has', async () => {
    const content = Buffer.from(saved.find(({ what }) => what === '<f8 in C order')?.file ?? '', 'base64');
    const error = await refusal({ model: 'identity', input: file('x.npy', content), datatype: 'FP32' });
    expect(error.message).toBe('--datatype FP32: the .npy file holds FP64, and is sent as it is');
  });

  it('a URL where --rest is a switch', async () => {
    const error = await refusal({ ...scaler, rest: true, values: ['1', 'http://127.0.0.1:9080'] });
    expect(error.hint).toBe('--rest-url http://127.0.0.1:9080');
  });
});

describe('infer --raw-json', () => {
  it.each(['grpc', 'rest'] as const)(
    'is the body that REST answers, int64 and −0 exact, over %s',
    async (transport) => {
      const address = transport === 'rest' ? { endpoint: undefined, restUrl: served.restUrl } : {};
      const options = { model: 'identity', rawJson: true, ...address } as InferOptions;
      const long = await run({ ...options, values: ['9007199254740993'], datatype: 'INT64' });
      expect(long.body).toContain('"data":[9007199254740993]');
      const zero = await run({ ...options, values: ['-0', '0.1'] });
      expect(zero.body).toContain('"data":[-0.0,0.1]');
      expect(JSON.parse(zero.body ?? '')).toMatchObject({ model_name: 'identity', outputs: [{ datatype: 'FP64' }] });
    },
  );

  it('says where JSON cannot carry the answer', async () => {
    const error = await refusal({ model: 'identity', rawJson: true, values: ['nan'] });
    expect(error.message).toMatch(/^--raw-json: .*NaN, which JSON cannot carry$/);
  });
});
