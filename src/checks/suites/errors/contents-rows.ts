/** Rows about the typed contents of a tensor, and about contents in two forms at once. */
import { integerRanges } from '../../../protocol/datatype.js';
import type { Field } from './message-bytes.js';
import { packedIntegers } from './message-bytes.js';
import { changed, either, firstInput, only, type Row, rowsOf } from './row.js';
import { grpcAttempt, httpAttempt, restBody, type SentRequest, type SentTensor } from './sent-request.js';
import { modelOf, type Target, typedModel } from './targets.js';

/** Numbers of fields of InferTensorContents. */
const intContents = 2;
const fp32Contents = 6;
const fp64Contents = 7;

const togetherRows = rowsOf(
  {
    spec: 'OIP, ModelInferRequest: raw_input_contents is used for all inputs or for none, and `contents` must not be specified beside it.',
    why: 'One of the two is dropped without a word, and the client does not know which of its numbers were used.',
  },
  [
    {
      id: 'contents-and-raw',
      title: 'typed and raw data together are refused',
      known: { grpc: { MLServer: 'accepted, raw wins', KServe: 'INVALID_ARGUMENT' } },
      attempt: either(
        only('grpc-raw', ({ request }) => hasContents(request) && grpcAttempt(request, { typed: true, raw: true })),
        only('rest-binary', ({ request }) => {
          const { body, headerLength = 0 } = restBody(request, true);
          const json = body.toString('utf8', 0, headerLength);
          const data = request.inputs[0]?.data;
          if (data === undefined) return undefined;
          const spoilt = Buffer.from(json.replace('"parameters"', `"data":${data},"parameters"`));
          const both = Buffer.concat([spoilt, body.subarray(headerLength)]);
          return httpAttempt(request, { body: both, headerLength: spoilt.byteLength });
        }),
      ),
    },
    {
      id: 'contents-and-raw/one-input-each',
      title: 'contents for one input and raw data for another are refused',
      target: (server) => {
        const target = typedModel(server);
        return target && target.request.inputs.length > 0 ? target : undefined;
      },
      attempt: only('grpc-raw', ({ request }) => {
        const [first] = request.inputs as [SentTensor];
        const { contents: _, ...rawOnly } = first;
        const { raw: __, ...typedOnly } = first;
        const inputs = [rawOnly, { ...typedOnly, name: `${String(first.name)}-2` }];
        return hasContents(request) && grpcAttempt({ ...request, inputs }, { typed: true, raw: true });
      }),
    },
  ],
);

const fieldRows = rowsOf(
  {
    spec: 'OIP, InferTensorContents: each datatype has the one field that holds its elements; FP16 has none, and BF16 neither: they travel raw.',
    why: 'Elements of another field are read as none, or converted with a loss that nobody sees.',
  },
  [
    {
      id: 'contents-field/other',
      title: "elements in another datatype's field are refused",
      accepted: 'lax',
      target: typedModel,
      attempt: changed((target) => firstInput(target, { contents: [otherField(target)] }), 'grpc-typed'),
    },
    {
      id: 'contents-field/two',
      title: 'elements in two fields are refused',
      accepted: 'lax',
      target: typedModel,
      attempt: changed((target) => {
        const { contents = [] } = target.request.inputs[0] as SentTensor;
        return firstInput(target, { contents: [...contents, otherField(target)] });
      }, 'grpc-typed'),
    },
    ...(['FP16', 'BF16'] as const).map((datatype) => ({
      id: `half-precision/${datatype}`,
      title: `${datatype} that is not raw is refused`,
      known: { grpc: { Triton: 'INVALID_ARGUMENT' } },
      accepted: 'lax' as const,
      target: modelOf(datatype),
      attempt: changed(
        (target) => {
          const count = elementsOf(target);
          const zeros = Buffer.alloc(4 * count);
          return firstInput(target, { contents: [[fp32Contents, zeros]], data: `[${Array(count).fill(0).join(',')}]` });
        },
        'grpc-typed',
        'rest-json',
      ),
    })),
  ],
);

const outOfRange = (
  [
    ['INT8', 300n],
    ['INT8', -129n],
    ['INT16', 40_000n],
    ['INT32', 2n ** 31n],
    ['INT64', 2n ** 63n],
    ['UINT8', 256n],
    ['UINT8', -1n],
    ['UINT16', 70_000n],
    ['UINT32', 2n ** 32n],
    ['UINT64', -1n],
    ['UINT64', 2n ** 64n],
  ] as const
).map(([datatype, value]) => {
  const field = datatype.startsWith('U') ? 4 : intContents;
  // The typed field holds 32 bits: a value beyond them cannot be said in it.
  const sayable = !/32|64/.test(datatype) && (field === intContents || value >= 0n);
  const [least, most] = integerRanges[datatype];
  return {
    id: `integer-range/${datatype}/${value}`,
    title: `${value} in ${datatype}, which holds ${least} to ${most}, is refused`,
    target: modelOf(datatype),
    attempt: changed(
      (target: Target) => {
        const values = Array<bigint>(elementsOf(target)).fill(value);
        return firstInput(target, { contents: [[field, packedIntegers(values)]], data: `[${values.join(',')}]` });
      },
      ...(sayable ? (['grpc-typed', 'rest-json'] as const) : (['rest-json'] as const)),
    ),
  };
});

const rangeRows = rowsOf(
  {
    spec: 'OIP: a datatype is a size in bits and a sign; typed contents and JSON can carry integers that it cannot hold.',
    why: 'An integer that is cut to size is another integer: 300 becomes 44.',
  },
  outOfRange,
);

export const contentsRows: readonly Row[] = [...togetherRows, ...fieldRows, ...rangeRows];

function hasContents({ inputs }: SentRequest): true | undefined {
  return inputs.every(({ contents }) => contents !== undefined) || undefined;
}

/** As many zeros as the first input has elements, in a field that its datatype does not use. */
function otherField(target: Target): Field {
  const count = elementsOf(target);
  const { datatype } = target.request.inputs[0] as SentTensor;
  return datatype === 'FP64' ? [fp32Contents, Buffer.alloc(4 * count)] : [fp64Contents, Buffer.alloc(8 * count)];
}

function elementsOf({ tensors: [tensor] }: Target): number {
  return tensor?.data.length ?? 0;
}
