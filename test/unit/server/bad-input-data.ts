/** Rows of the bad input table about data: their forms, their elements, and results. */
import { binary, called, grpc, http, json, tensor } from './bad-input-attempts.js';
import { type BadInputRow, bytes, contents, input, scaler, x } from './bad-input-row.js';

export const dataRows: BadInputRow[] = [
  {
    case: 'typed and raw data together',
    grpc: 'INVALID_ARGUMENT',
    http: '400',
    inputs: [
      input('both', 'send one of them', {
        'gRPC typed': grpc({ inputs: [{ ...x, contents }], raw_input_contents: [bytes] }),
        'gRPC raw': grpc({ inputs: [x, { ...x, name: 'y', contents }], raw_input_contents: [bytes, bytes] }),
        'REST JSON': http(json({ parameters: { binary_data_size: 8 } })),
        'REST binary': binary(bytes, { data: [1] }),
      }),
    ],
  },
  {
    case: 'raw entries or binary sizes that do not match the inputs',
    grpc: 'INVALID_ARGUMENT',
    http: '400',
    someWays: 'exists in some forms of data only',
    inputs: [
      input('more entries than inputs', '', {
        'gRPC raw': grpc({ inputs: [x], raw_input_contents: [bytes, bytes] }),
        'REST binary': binary(Buffer.alloc(16), { parameters: { binary_data_size: 8 } }),
      }),
      input('entries without inputs', '1 entries for 0 inputs', {
        'gRPC raw': grpc({ inputs: [], raw_input_contents: [bytes] }),
      }),
      input('a size without data', 'binary_data_size is 8', {
        'REST JSON': http(json({ data: undefined, parameters: { binary_data_size: 8 } })),
      }),
      ...[-8, 1.5, '8', 1e300, true].map((size) =>
        input(`a size of ${JSON.stringify(size)}`, 'binary_data_size is', {
          'REST binary': binary(bytes, { parameters: { binary_data_size: size } }),
        }),
      ),
      ...['9999', '-1', 'x', '1.5'].map((length) =>
        input(`a header length of ${length}`, 'Inference-Header-Content-Length', {
          'REST binary': http(json(), { 'inference-header-content-length': length }),
        }),
      ),
      input('a bare body for a model of any datatype', 'one input', {
        'REST binary': http(bytes, { 'inference-header-content-length': 0 }),
      }),
      input('a bare body that fills no shape', 'do not fill', {
        'REST binary': http(Buffer.alloc(7), { 'inference-header-content-length': 0 }, 'POST /v2/models/scaler/infer'),
      }),
    ],
  },
  {
    case: 'elements of another type than the datatype',
    grpc: 'INVALID_ARGUMENT',
    http: '400',
    inputs: [
      input("another field's contents", 'fp32_contents has elements', {
        'gRPC typed': grpc({ inputs: [{ ...x, contents: { fp32_contents: [1] } }] }),
      }),
      input('contents in two fields', 'int_contents has elements', {
        'gRPC typed': grpc({ inputs: [{ ...x, contents: { ...contents, int_contents: [1] } }] }),
      }),
      input('a raw BOOL of 2', 'a byte 0 or 1', {
        'gRPC raw': grpc({ inputs: [{ ...x, datatype: 'BOOL' }], raw_input_contents: [Buffer.from([2])] }),
        'REST binary': binary(Buffer.from([2]), { datatype: 'BOOL' }),
      }),
      input('a string in FP64', 'must be a number', { 'REST JSON': http(json({ data: ['1'] })) }),
      input('null in FP64', 'got null', { 'REST JSON': http(json({ data: [null] })) }),
      input('a fraction in INT32', 'must be an integer', {
        'REST JSON': http(json({ datatype: 'INT32', data: [1.5] })),
      }),
      input('1 in BOOL', 'true or false', { 'REST JSON': http(json({ datatype: 'BOOL', data: [1] })) }),
      input('a number in BYTES', 'must be a string', { 'REST JSON': http(json({ datatype: 'BYTES', data: [1] })) }),
      input('what is no base64', 'must be base64', {
        'REST JSON': http(json({ datatype: 'BYTES', data: ['*'], parameters: { content_type: 'base64' } })),
      }),
    ],
  },
  {
    case: 'FP16 or BF16 that is not raw',
    grpc: 'INVALID_ARGUMENT',
    http: '400',
    someWays: 'exists in some forms of data only',
    inputs: ['FP16', 'BF16'].map((datatype) =>
      input(datatype, datatype, {
        'gRPC typed': grpc({ inputs: [{ ...x, datatype, contents }] }),
        'REST JSON': http(json({ datatype })),
      }),
    ),
  },
  {
    case: 'integer outside its datatype (INT8 300)',
    grpc: 'INVALID_ARGUMENT',
    http: '400',
    someWays: 'exists in some forms of data only',
    inputs: [
      input('300 in INT8', 'INT8 holds -128 to 127', {
        'gRPC typed': grpc({ inputs: [{ ...x, datatype: 'INT8', contents: { int_contents: [300] } }] }),
        'REST JSON': http(json({ datatype: 'INT8', data: [300] })),
      }),
      input('70000 in UINT16', 'UINT16 holds 0 to 65535', {
        'gRPC typed': grpc({ inputs: [{ ...x, datatype: 'UINT16', contents: { uint_contents: [70_000] } }] }),
        'REST JSON': http(json({ datatype: 'UINT16', data: [70_000] })),
      }),
      input('2^63 in INT64', 'element 0 is 9223372036854775808; INT64 holds', {
        'REST JSON': http(json({ datatype: 'INT64', data: '@' }).replace('"@"', '[9223372036854775808]')),
      }),
      input('-1 in UINT64', 'UINT64 holds 0 to 18446744073709551615', {
        'REST JSON': http(json({ datatype: 'UINT64', data: [-1] })),
      }),
    ],
  },
  {
    case: 'result outside its datatype, or one that the asked form cannot carry',
    grpc: 'OUT_OF_RANGE',
    http: '400',
    inputs: [
      input(
        '2 x 100 in INT8',
        'element 0 would be 200',
        called({ modelName: 'int8_scaler', inputs: [tensor('x', { datatype: 'INT8', data: Int8Array.of(100) })] }),
      ),
      input('an infinity in JSON', 'ask for binary data', {
        'REST JSON': http(json({ data: [1e308] }), {}, 'POST /v2/models/scaler/infer'),
      }),
      input('FP16 answered otherwise than raw', 'FP16', {
        'gRPC raw': grpc({
          model_name: 'typed_identity',
          inputs: [{ ...x, datatype: 'FP16' }],
          raw_input_contents: [Buffer.alloc(2)],
        }),
        'REST binary': binary(Buffer.alloc(2), { datatype: 'FP16' }),
      }),
    ],
  },
  {
    case: '`scale_factor` that is no number',
    grpc: 'INVALID_ARGUMENT',
    http: '400',
    inputs: [input('"two"', 'scale_factor', called(scaler({}, { scale_factor: 'two' })))],
  },
];
