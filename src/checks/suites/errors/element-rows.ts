/** Rows about single elements in JSON, and about results that cannot be answered. */
import { elementsOf } from '../../samples.js';
import { changed, firstInput, type Row, rowsOf } from './row.js';
import { type SentTensor, sentTensor } from './sent-request.js';
import { anyModel, type Choose, modelOf, scalerOf, type Target, targetOf, typedModel } from './targets.js';

/** All elements of the first input as this JSON text, and said to be of a content type where there is one. */
const everyElement = (text: string, parameters?: SentTensor['parameters']) =>
  changed((target: Target) => {
    const count = target.tensors[0]?.data.length ?? 0;
    return firstInput(target, {
      data: `[${Array<string>(count).fill(text).join(',')}]`,
      ...(parameters && { parameters }),
    });
  }, 'rest-json');

const typeRows = rowsOf(
  {
    spec: "OIP: in JSON, numbers are numbers, BOOL is true and false, BYTES are strings; an element is of its tensor's datatype.",
    why: 'What is converted on the way in is not what the client sent.',
  },
  [
    {
      id: 'element/text-for-number',
      title: 'text in place of a number is refused',
      known: { rest: { MLServer: '500', KServe: '500' } },
      target: typedModel,
      attempt: everyElement('"one"'),
    },
    {
      id: 'element/digits-for-number',
      title: 'digits in quotes in place of a number are refused',
      accepted: 'lax',
      target: typedModel,
      attempt: everyElement('"1"'),
    },
    {
      id: 'element/null-for-number',
      title: 'null in place of a number is refused',
      known: { rest: { MLServer: 'accepted as NaN', KServe: 'accepted as NaN' } },
      accepted: 'lax',
      target: typedModel,
      attempt: everyElement('null'),
    },
    {
      id: 'element/bool-for-number',
      title: 'true in place of a number is refused',
      accepted: 'lax',
      target: typedModel,
      attempt: everyElement('true'),
    },
    {
      id: 'element/object-for-number',
      title: 'an object in place of a number is refused',
      target: typedModel,
      attempt: everyElement('{"value":1}'),
    },
    {
      id: 'element/fraction-for-integer',
      title: 'a fraction in INT32 is refused',
      target: modelOf('INT32', 'INT64', 'INT16', 'INT8'),
      attempt: everyElement('1.5'),
    },
    {
      id: 'element/number-for-bool',
      title: 'a number in BOOL is refused',
      accepted: 'lax',
      target: modelOf('BOOL'),
      attempt: everyElement('1'),
    },
    {
      id: 'element/number-for-bytes',
      title: 'a number in BYTES is refused',
      accepted: 'lax',
      target: modelOf('BYTES'),
      attempt: everyElement('1'),
    },
    {
      id: 'element/no-base64',
      title: 'BYTES that are said to be base64 and are not are refused',
      accepted: 'lax',
      target: modelOf('BYTES'),
      attempt: everyElement('"*"', { content_type: 'base64' }),
    },
  ],
);

const numberRows = rowsOf(
  {
    spec: 'RFC 8259, section 6: JSON has no NaN and no infinity. A number beyond the range of FP64 is one that cannot be held.',
    why: 'A server that takes them answers in JSON that other parsers refuse, or with null.',
  },
  ['NaN', 'Infinity', '-Infinity', '1e400', '-1e400'].map((number) => ({
    id: `json-number/${number}`,
    title: `${number} in JSON is refused`,
    known: { rest: { MLServer: '422', KServe: 'accepted, and answered as null' } },
    accepted: 'lax' as const,
    target: floatModel,
    attempt: everyElement(number),
  })),
);

const resultRows = rowsOf(
  {
    spec: 'OIP: the answer has the datatype that the metadata say. A result that this cannot hold has no answer.',
    why: 'Results wrap around: 200 in INT8 is −56.',
  },
  [
    {
      id: 'result/integer',
      title: 'a result that its datatype cannot hold is refused',
      documented: { grpc: 'OUT_OF_RANGE', http: 400 },
      target: scalerOf('INT8'),
      attempt: changed((target) => {
        const [tensor] = target.tensors;
        if (tensor === undefined) return undefined;
        const data = elementsOf('INT8', Array<number>(tensor.data.length).fill(127));
        return firstInput(target, sentTensor({ ...tensor, data }));
      }),
    },
    {
      id: 'result/infinity-in-json',
      title: 'a result that JSON cannot carry is refused',
      documented: { grpc: 'OUT_OF_RANGE', http: 400 },
      known: { rest: { KServe: 'null in its place' } },
      accepted: 'lax',
      target: scalerOf('FP64'),
      attempt: everyElement('1.7e308'),
    },
  ],
);

const parameterRows = rowsOf(
  {
    spec: 'kserve-env: the request parameter `scale_factor` of a scale model is a number, or text that holds one.',
    why: 'A mistyped factor scales by nothing, or by the default.',
  },
  [
    {
      id: 'parameter/scale-factor',
      title: 'a scale_factor that is no number is refused',
      oursOnly: true,
      target: (server) => {
        const model = server.models.find(({ mathematics, sample }) => mathematics?.kind === 'scale' && sample);
        return targetOf(model);
      },
      attempt: changed(({ request }) => ({ ...request, parameters: { scale_factor: 'two' } })),
    },
  ],
);

export const elementRows: readonly Row[] = [...typeRows, ...numberRows, ...resultRows, ...parameterRows];

/** A model that has numbers with a fraction. */
function floatModel(server: Parameters<Choose>[0]): Target | undefined {
  const target = modelOf('FP64', 'FP32')(server);
  return target ?? (isFloat(anyModel(server)?.request.inputs[0]) ? anyModel(server) : undefined);
}

function isFloat(input: SentTensor | undefined): boolean {
  return input?.datatype === 'FP64' || input?.datatype === 'FP32';
}
