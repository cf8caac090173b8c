/** Rows about datatypes and shapes. */
import { createElements, type FixedDatatype } from '../../../protocol/datatype.js';
import type { Tensor } from '../../../protocol/tensor.js';
import { changed, either, firstInput, only, type Row, rowsOf } from './row.js';
import { httpAttempt, restBody, type SentTensor, sentTensor } from './sent-request.js';
import { anyModel, fixedModel, pairModel, scalerOf, type Target, typedModel } from './targets.js';

const numpy = { grpc: { MLServer: 'INTERNAL', KServe: 'INTERNAL' }, rest: { MLServer: '500', KServe: '500' } };

const datatypeRows = rowsOf(
  {
    spec: "OIP: a tensor's `datatype` is one of a fixed list, and the model's metadata say which it takes.",
    why: 'Bytes that are read as another type give numbers that look like results.',
  },
  [
    {
      id: 'datatype/number',
      title: "numbers of a datatype other than the model's are refused",
      known: {
        grpc: { MLServer: 'accepted, the runtime decides', KServe: 'INVALID_ARGUMENT' },
        rest: { MLServer: 'accepted, the runtime decides', KServe: '500' },
      },
      accepted: 'lax',
      target: typedModel,
      attempt: changed((target) => {
        const other = target.tensors[0]?.datatype === 'INT32' ? 'FP32' : 'INT32';
        return firstInput(target, zeros(target, other));
      }),
    },
    {
      id: 'datatype/text',
      title: 'BYTES for a model of numbers are refused',
      accepted: 'lax',
      target: typedModel,
      attempt: changed((target) => {
        const [{ name, shape }] = target.tensors as [Tensor];
        const data = Array.from({ length: countOf(shape) }, () => Buffer.from('one'));
        return firstInput(target, sentTensor({ name, datatype: 'BYTES', shape, data }));
      }),
    },
    {
      id: 'datatype/arithmetic-on-text',
      title: 'BYTES for a model that calculates with any datatype are refused',
      target: scalerOf('INT8'),
      attempt: changed((target) => {
        if (target.model?.metadata.inputs[0]?.datatype !== 'ANY') return undefined;
        const [{ name, shape }] = target.tensors as [Tensor];
        const data = Array.from({ length: countOf(shape) }, () => Buffer.from('a'));
        return firstInput(target, sentTensor({ name, datatype: 'BYTES', shape, data }));
      }),
    },
    ...['FP65', 'fp64', ''].map((datatype) => ({
      id: `datatype/unknown${datatype === '' ? '-empty' : `-${datatype}`}`,
      title: `the datatype "${datatype}" is refused`,
      known: {
        grpc: { MLServer: 'INTERNAL', KServe: 'INVALID_ARGUMENT' },
        rest: { MLServer: '422', KServe: datatype === 'fp64' ? 'accepted, as FP64' : '400' },
      },
      // A server that takes it for FP64 gives no wrong value.
      ...(datatype === 'fp64' && { accepted: 'lax' as const }),
      attempt: changed((target) => firstInput(target, { datatype })),
    })),
  ],
);

const shapeOnlyRows = rowsOf(
  {
    spec: 'OIP: `shape` has a dimension a number, each of them 0 or more; −1 stands in metadata alone. The product is the number of elements.',
    why: 'A server that trusts a shape reads beyond the data, or gives memory for elements that nobody sent.',
  },
  [
    {
      id: 'negative-dimension',
      title: 'a dimension of -1 is refused',
      known: {
        grpc: { MLServer: 'accepted, as "whatever fits"', KServe: 'accepted, as "whatever fits"' },
        rest: { MLServer: 'accepted, as "whatever fits"', KServe: 'accepted, as "whatever fits"' },
      },
      accepted: 'lax',
      attempt: changed((target) => withShape(target, [-1, ...(target.tensors[0]?.shape.slice(1) ?? [])])),
    },
    {
      id: 'overflow/to-0',
      title: 'a shape of 2^64 elements, which is 0 in 64 bits, is refused',
      known: numpy,
      attempt: changed((target) => withElements(target, [2 ** 32, 2 ** 32], 0)),
    },
    {
      id: 'overflow/to-1',
      title: 'a shape of 2^64 + 1 elements, which is 1 in 64 bits, is refused',
      known: numpy,
      attempt: changed((target) => withElements(target, [274_177, 67_280_421_310_721], 1)),
    },
    {
      id: 'overflow/to-32',
      title: 'the shape [2^4, 2^60 + 2], which is 32 elements in 64 bits, is refused',
      known: numpy,
      attempt: changed((target) => withElements(target, [16, 2n ** 60n + 2n], 32)),
    },
    {
      id: 'overflow/2-elements',
      title: 'the shape [2^62, 8] with the elements of the sample is refused',
      known: numpy,
      attempt: changed((target) => withShape(target, [2 ** 62, 8])),
    },
    {
      id: 'dimension/fraction',
      title: 'a dimension of 1.5 is refused',
      attempt: changed((target) => withShape(target, [1.5]), 'rest-json', 'rest-binary'),
    },
    {
      id: 'dimension/text',
      title: 'a dimension that is text is refused',
      known: { rest: { MLServer: 'accepted', KServe: 'accepted' } },
      accepted: 'lax',
      attempt: only('rest-json', (target) => {
        const { body } = restBody(target.request, false);
        const shape = target.tensors[0]?.shape.join(',') ?? '';
        const spoilt = body.toString().replace(`"shape":[${shape}]`, `"shape":["${shape.replaceAll(',', '","')}"]`);
        return httpAttempt(target.request, { body: Buffer.from(spoilt) });
      }),
    },
  ],
);

const modelShapeRows = rowsOf(
  {
    spec: 'OIP: the metadata of a model say which shapes its inputs have; −1 there is a dimension of any size, and others are what they are.',
    why: 'Features end up in the wrong columns, and the prediction is wrong without a word.',
  },
  [
    {
      id: 'shape/fixed-dimension',
      title: 'a dimension that is not the one which the metadata fix is refused',
      known: { grpc: { MLServer: "left to the model's code", KServe: "left to the model's code" }, rest: {} },
      accepted: 'lax',
      target: fixedModel,
      attempt: changed((target) => {
        const declared = target.model?.metadata.inputs[0]?.shape ?? [];
        const axis = declared.findLastIndex((size) => size >= 0);
        const shape = (target.tensors[0]?.shape ?? []).map((size, index) => (index === axis ? size + 1 : size));
        return withElements(target, shape, countOf(shape));
      }),
    },
    {
      id: 'shape/rank',
      title: 'a vector for a matrix is refused',
      known: { grpc: { MLServer: "left to the model's code", KServe: "left to the model's code" }, rest: {} },
      accepted: 'lax',
      target: fixedModel,
      attempt: changed((target) => {
        const { shape = [] } = target.tensors[0] ?? {};
        return shape.length < 2 ? undefined : withShape(target, [countOf(shape)]);
      }),
    },
    {
      id: 'shape/unlike',
      title: 'two inputs of shapes that do not meet are refused',
      known: numpy,
      target: (server) => {
        const target = pairModel(server);
        const kind = target?.model?.mathematics?.kind;
        const isFree = target?.model?.metadata.inputs.every(({ shape }) => shape.length === 1 && shape[0] === -1);
        return isFree && (kind === 'sum' || kind === 'product' || kind === 'add_sub') ? target : undefined;
      },
      attempt: changed((target) => {
        const [first, second] = [withElements(target, [2], 2).inputs[0], withElements(target, [3], 3).inputs[0]];
        const name = target.request.inputs[1]?.name ?? '';
        return { ...target.request, inputs: [first as SentTensor, { ...(second as SentTensor), name }] };
      }),
    },
  ],
);

const countRows = rowsOf(
  {
    spec: 'OIP: the number of elements is the product of `shape`, in `data`, in the typed contents and in the raw bytes alike.',
    why: 'Elements that are missing are read from the memory behind, and those that are too many go lost.',
  },
  [
    {
      id: 'count/fewer',
      title: 'fewer elements than the shape has are refused',
      known: numpy,
      attempt: changed((target) => withShape(target, moreOf(target))),
    },
    {
      id: 'count/more',
      title: 'more elements than the shape has are refused',
      known: numpy,
      attempt: changed((target) => {
        const { shape = [] } = target.tensors[0] ?? {};
        const { inputs } = withElements(target, shape, countOf(shape) + 1);
        return firstInput(target, inputs[0] as SentTensor);
      }),
    },
    {
      id: 'count/none',
      title: 'an input without data is refused',
      known: numpy,
      attempt: either(
        changed((target) => firstInput(target, { contents: [] }), 'grpc-typed'),
        changed((target) => firstInput(target, { raw: Buffer.alloc(0) }), 'grpc-raw', 'rest-binary'),
        only('rest-json', ({ request }) => {
          const [first, ...others] = request.inputs as [SentTensor, ...SentTensor[]];
          const { data: _, ...bare } = first;
          return httpAttempt(request, restBody({ ...request, inputs: [bare, ...others] }, false));
        }),
      ),
    },
    {
      id: 'count/ragged',
      title: 'nested data of uneven rows are refused',
      known: { rest: { MLServer: '500', KServe: '500' } },
      target: anyModel,
      attempt: changed((target) => {
        const shape = target.tensors[0]?.shape ?? [];
        const [input] = withElements(target, shape, countOf(shape)).inputs;
        const elements = input?.data?.slice(1, -1).split(',') ?? [];
        if (elements.length < 2) return undefined;
        return firstInput(target, { data: `[${elements[0]},[${elements.slice(1).join(',')}]]` });
      }, 'rest-json'),
    },
  ],
);

export const shapeRows: readonly Row[] = [...datatypeRows, ...countRows, ...shapeOnlyRows, ...modelShapeRows];

const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function withShape(target: Target, shape: SentTensor['shape']) {
  return firstInput(target, { shape });
}

/** A shape of one element, row or block more. */
function moreOf({ tensors: [tensor] }: Target): number[] {
  const shape = tensor?.shape ?? [];
  return shape.length === 0 ? [2] : [(shape[0] as number) + 1, ...shape.slice(1)];
}

/** The first input with this shape and so many zeros. */
function withElements(target: Target, shape: SentTensor['shape'], count: number) {
  const [{ name, datatype }] = target.tensors as [Tensor];
  const data =
    datatype === 'BYTES' ? Array.from({ length: count }, () => Buffer.from('a')) : createElements(datatype, count);
  return firstInput(target, { ...sentTensor({ name, datatype, shape: [], data }), shape });
}

/** The first input with zeros of another datatype. */
function zeros({ tensors: [tensor] }: Target, datatype: FixedDatatype): SentTensor {
  const { name, shape } = tensor as Tensor;
  return sentTensor({ name, datatype, shape, data: createElements(datatype, countOf(shape)) });
}
