/** JSON as the protocol and JSON itself allow it: nested data, members in any order, numbers in any spelling. */
import { encodeJsonData } from '../../../protocol/json-data.js';
import { type JsonValue, parseJson, writeJson } from '../../../protocol/json-text.js';
import { modelPath } from '../../../protocol/rest-client.js';
import { decodeRestResponse } from '../../../protocol/rest-messages.js';
import type { InferResponse, Tensor } from '../../../protocol/tensor.js';
import { type Case, CaseFailure, CaseSkipped, expectEqual, expectThat } from '../../case.js';
import type { Probe } from '../../probe.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
import { unusual } from '../../verdict.js';
import { routesFor } from '../model-routes.js';
import { expectSameOutputs } from './ask.js';
import { askSample } from './sample.js';

const route = { transport: 'rest', form: 'typed' } as const;

/** The cases of a model over JSON; those about JSON alone only where it is the first. */
export function jsonCases(server: ServerProfile, model: ModelProfile, isFirst: boolean): Case[] {
  const overJson = routesFor(server, model).some(({ transport, form }) => transport === 'rest' && form === 'typed');
  if (model.sample === undefined || !overJson) return [];
  // A vector cannot be nested, and of a model of ours that is strict it is known that it takes nothing else.
  const vectors = model.sample.inputs.every(({ shape }) => shape.length === 1);
  const flat = server.ours && vectors && model.config?.strictInputs === true;
  const own = [answerCase(server, model), ...(flat ? [] : [nestedCase(server, model)])];
  return isFirst ? [...own, ...spellings.map((spelling) => spellingCase(server, model, spelling))] : own;
}

const make = (model: ModelProfile, id: string, one: Pick<Case, 'title' | 'spec' | 'why' | 'run'>): Case => ({
  id: `infer/json/${id}/${model.title}`,
  suite: 'infer',
  transports: ['rest'],
  model: model.name,
  ...one,
});

function answerCase(server: ServerProfile, model: ModelProfile): Case {
  return make(model, 'answer', {
    title: `${model.title}: the answer is JSON of the types that its datatypes have`,
    spec: 'OIP, Inference Response: application/json; shape an array of integers, data an array of booleans, numbers or strings',
    why: 'clients in languages with types fail on a number that comes as a string',
    run: async (probe) => {
      const { headers, body } = await post(probe, model, writeJson(requestOf(model)));
      const answer = parseJson(body.toString('utf8')) as { outputs?: unknown };
      expectThat(Array.isArray(answer.outputs), 'outputs is no array');
      for (const output of answer.outputs as JsonOutput[]) judgeJson(output);
      const type = headers['content-type'] ?? 'none';
      return type.startsWith('application/json') ? undefined : unusual(server, `the content type is ${type}`);
    },
  });
}

interface JsonOutput {
  name: string;
  datatype: string;
  shape: unknown;
  data: unknown;
}

function judgeJson({ name, datatype, shape, data }: JsonOutput): void {
  expectThat(
    Array.isArray(shape) && shape.every((size) => Number.isInteger(size)),
    `shape of ${name} is no array of integers`,
  );
  expectThat(Array.isArray(data), `data of ${name} is no array`);
  const wanted = datatype === 'BOOL' ? ['boolean'] : datatype === 'BYTES' ? ['string'] : ['number', 'bigint'];
  const wrong = (data as unknown[]).flat(Number.POSITIVE_INFINITY).find((one) => !wanted.includes(typeof one));
  expectThat(wrong === undefined, `data of ${name}, ${datatype}, has the ${typeof wrong} ${JSON.stringify(wrong)}`);
}

function nestedCase(server: ServerProfile, model: ModelProfile): Case {
  return make(model, 'nested', {
    title: `${model.title}: nested data are the same as flat data`,
    spec: 'OIP, Tensor Data in JSON: data "may be nested or flattened"',
    why: 'what a client writes as a list of rows is refused, or read in another order',
    run: async (probe) => {
      const inputs = (model.sample?.inputs ?? []).map(asMatrix);
      const changed = inputs.some(({ shape }, index) => shape.length !== model.sample?.inputs[index]?.shape.length);
      const flat = await post(probe, model, writeJson(requestOf(model, inputs)), false);
      // A vector is as nested as it is flat; whether more is taken, the model says.
      if (flat.status !== 200 && changed) throw new CaseSkipped('the model takes vectors alone, and these are flat');
      const nested = inputs.map((input) => ({ ...jsonTensor(input), data: nest(dataOf(input), input.shape) }));
      const { body, status } = await post(probe, model, writeJson({ inputs: nested }), false);
      if (status !== 200) throw new CaseFailure(`nested data are refused with ${status}`);
      const [got, expected] = [decoded(body), decoded(flat.body)];
      if (model.mathematics || server.ours) expectSameOutputs('nested as flat', got.outputs, expected.outputs);
      return undefined;
    },
  });
}

/** A vector as a column, since as a vector it could not be nested. */
function asMatrix(tensor: Tensor): Tensor {
  return tensor.shape.length === 1 ? { ...tensor, shape: [...tensor.shape, 1] } : tensor;
}

function nest(values: readonly JsonValue[], [size = 1, ...rest]: readonly number[]): JsonValue[] {
  if (rest.length === 0) return [...values];
  const each = size === 0 ? 0 : values.length / size;
  return Array.from({ length: size }, (_, index) => nest(values.slice(index * each, (index + 1) * each), rest));
}

/** Another way to write the same request. */
interface Spelling {
  id: string;
  title: string;
  spec: string;
  /** It must be taken; else a refusal is a note. */
  must: boolean;
  write: (model: ModelProfile) => string | undefined;
}

const spellings: readonly Spelling[] = [
  {
    id: 'member-order',
    title: 'members come in any order, with white space between them',
    spec: 'RFC 8259: an object is an unordered collection; white space is allowed around every token',
    must: true,
    write: (model) => {
      const inputs = (model.sample?.inputs ?? []).map((input) => {
        const { name, datatype, shape, data } = jsonTensor(input);
        return `{ "data" : ${writeJson(data)} ,\r\n\t"shape": ${writeJson(shape)}, "datatype" :"${datatype}", "name": ${writeJson(name)} }`;
      });
      return ` \n{ "inputs" : [ ${inputs.join(' , ')} ] , "id" : "last" }\n\n`;
    },
  },
  {
    id: 'escapes',
    title: 'names are the same however their letters are escaped',
    spec: 'RFC 8259, 7: any character may be escaped as \\u and four digits',
    must: true,
    write: (model) => {
      const escaped = (text: string) =>
        `"${[...text].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
      const inputs = (model.sample?.inputs ?? []).map((input) => {
        const { name, datatype, shape, data } = jsonTensor(input);
        return `{${escaped('name')}:${escaped(name)},"datatype":${escaped(datatype)},"shape":${writeJson(shape)},"data":${writeJson(data)}}`;
      });
      return `{"inputs":[${inputs.join()}]}`;
    },
  },
  {
    id: 'numbers',
    title: 'a number is the same however it is spelt',
    spec: 'RFC 8259, 6: 2, 2.0 and 20e-1 are one number; JavaScript writes 2, Python 2.0',
    must: true,
    write: (model) => {
      const inputs = model.sample?.inputs ?? [];
      if (!inputs.every(({ datatype }) => datatype === 'FP64' || datatype === 'FP32')) return undefined;
      const spelt = inputs.map((input) => {
        const { name, datatype, shape, data } = jsonTensor(input);
        const numbers = data.map((value, index) =>
          index % 2 === 0 ? `${Number(value) * 10}e-1` : Number(value).toFixed(1),
        );
        return `{"name":${writeJson(name)},"datatype":"${datatype}","shape":${writeJson(shape)},"data":[${numbers.join()}]}`;
      });
      return `{"inputs":[${spelt.join()}]}`;
    },
  },
  {
    id: 'unknown-members',
    title: 'members that nobody knows are ignored',
    spec: 'OIP: silent; a protocol that grows leaves old servers with members that they do not know',
    must: false,
    write: (model) => {
      const inputs = (model.sample?.inputs ?? []).map((input) => ({ ...jsonTensor(input), kserve_env_unknown: [1] }));
      return writeJson({ kserve_env_unknown: { a: null }, inputs });
    },
  },
];

function spellingCase(server: ServerProfile, model: ModelProfile, { id, title, spec, must, write }: Spelling): Case {
  return make(model, id, {
    title: `${model.title}: ${title}`,
    spec,
    why: 'a request of one client works, and the same one of another does not',
    run: async (probe) => {
      const text = write(model);
      if (text === undefined) throw new CaseSkipped('no input of the model is a floating-point number');
      const { status, body } = await post(probe, model, text, must);
      if (status !== 200) return unusual(server, `refused with ${status}`);
      const plain = await askSample(probe, model, route);
      if (model.mathematics) expectSameOutputs('written so', decoded(body).outputs, plain.outputs);
      return undefined;
    },
  });
}

const requestOf = (model: ModelProfile, inputs = model.sample?.inputs ?? []) => ({ inputs: inputs.map(jsonTensor) });

function jsonTensor(tensor: Tensor) {
  const { name, datatype, shape } = tensor;
  return { name, datatype, shape, data: dataOf(tensor) };
}

/** The elements as JSON values, one by one. */
function dataOf(tensor: Tensor): JsonValue[] {
  return Array.from(encodeJsonData(tensor, tensor.name).data as ArrayLike<JsonValue>);
}

const decoded = (body: Buffer): InferResponse => decodeRestResponse({ body, headerLength: undefined });

async function post(probe: Probe, { name, version }: ModelProfile, text: string, must = true) {
  const path = `${modelPath(name, version)}/infer`;
  const headers = { 'content-type': 'application/json' };
  const answer = await probe.http({ method: 'POST', path, headers, body: Buffer.from(text) });
  if (must) expectEqual('HTTP status', answer.status, 200);
  return answer;
}
