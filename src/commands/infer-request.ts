/** The request of an inference, from words, files and what the model says of itself. */
import type { Readable } from 'node:stream';
import { UsageError } from '../errors.js';
import type { CallOptions, InferCall, InferenceClient } from '../protocol/client.js';
import { type Datatype, isDatatype } from '../protocol/datatype.js';
import { maxJsonDepth } from '../protocol/json-text.js';
import { noMessageLimits } from '../protocol/message-limits.js';
import { decodeRestRequest } from '../protocol/rest-messages.js';
import type { DataForm, ModelMetadata, Tensor } from '../protocol/tensor.js';
import { asUsage } from './as-usage.js';
import type { CommandContext } from './context.js';
import { type InferInput, inputReader } from './infer-input.js';
import type { NamelessTensor } from './npy.js';
import { parametersOfWords } from './parameter-words.js';
import { tensorOfValues } from './tensor-values.js';
import { datatypeOf, tensorOfWords } from './tensor-words.js';

/** What an inference is made from. Exactly one of `values`, `tensors` and `input` is given. */
export interface RequestOptions {
  model: string;
  /** Elements of the model's only input, as typed. */
  values?: string[];
  /** `name=1,2,3`, or `name=@file` for a .npy file or a JSON array, one an input. */
  tensors?: string[];
  /**
   * File with a request body of the REST protocol, a JSON array, a JSON object of arrays by input, or a .npy file;
   * `-` for standard input.
   */
  input?: string;
  /** Datatype of what says none itself: words and JSON arrays. By default the model's own, FP64 where it takes any. */
  datatype?: string;
  /** `name=value`; true, false and numbers are sent as such. */
  parameters?: string[];
  modelVersion?: string;
  /** Send raw bytes instead of typed contents. */
  raw?: boolean;
  stdin?: Readable;
}

/** An input whose datatype or name the model may have to say. */
type Draft =
  | { name: string | undefined; words: string[] }
  | { name: string | undefined; values: unknown }
  | { name: string | undefined; tensor: NamelessTensor };

/**
 * The call that the options describe. The model's metadata is asked for unless they describe it wholly.
 * @throws UsageError, OipError where the server does not tell its metadata
 */
export async function inferRequest(
  options: RequestOptions,
  client: InferenceClient,
  context: CommandContext,
  call: CallOptions,
): Promise<InferCall> {
  assertOneWay(options);
  const { model, input } = options;
  const datatype = options.datatype === undefined ? undefined : datatypeOf(options.datatype);
  const parameters = parametersOfWords(options.parameters ?? []);
  const common = { modelName: model, modelVersion: options.modelVersion ?? '' };
  const reader = inputReader(context, options.stdin);
  const given = input === undefined ? undefined : await reader.read('--input', input);
  if (given?.kind === 'body') {
    const request = requestOfBody(given.bytes, common.modelName);
    const form = formOf(options, request.inputs);
    return { ...request, ...common, form, parameters: { ...request.parameters, ...parameters } };
  }
  const drafts = given === undefined ? await draftsOfWords(options, reader) : draftsOfInput(given);
  const metadata = await client.modelMetadata(model, common.modelVersion, call);
  const inputs = drafts.map((draft, index) => tensorOfDraft(draft, index, metadata, datatype));
  return { ...common, parameters, inputs, form: formOf(options, inputs) };
}

/** What has no typed form goes as bytes without being asked. */
function formOf({ raw }: RequestOptions, inputs: Tensor[]): DataForm {
  return raw || inputs.some(({ datatype }) => datatype === 'FP16' || datatype === 'BF16') ? 'raw' : 'typed';
}

function assertOneWay({ model, values = [], tensors = [], input }: RequestOptions): void {
  const ways = [values.length > 0 && 'values', tensors.length > 0 && '--tensor', input !== undefined && '--input'];
  const given = ways.filter((way) => way !== false);
  if (given.length === 1) return;
  throw new UsageError(
    given.length === 0 ? 'There is nothing to infer from' : `${given.join(' and ')} exclude each other`,
    { hint: `for example kserve-env infer ${model} 1 -2.5 3, or --tensor name=1,2,3 for each input, or --input FILE` },
  );
}

function requestOfBody(bytes: Buffer, model: string) {
  // How much is too much is for the server to say.
  const limits = { ...noMessageLimits, maxJsonDepth };
  return asUsage(() => decodeRestRequest({ body: bytes, headerLength: undefined }, model, '', limits), '--input: ');
}

async function draftsOfWords(
  { values = [], tensors = [] }: RequestOptions,
  reader: ReturnType<typeof inputReader>,
): Promise<Draft[]> {
  if (tensors.length === 0) return [{ name: undefined, words: values }];
  const drafts: Draft[] = [];
  for (const word of tensors) {
    const [, name, list] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
    if (name === undefined || list === undefined) {
      throw new UsageError(`--tensor: expected name=1,2,3 or name=@FILE, got ${JSON.stringify(word)}`);
    }
    if (!list.startsWith('@')) {
      drafts.push({ name, words: list === '' ? [] : list.split(',') });
      continue;
    }
    const input = await reader.read(`--tensor ${name}`, list.slice(1));
    if (input.kind === 'body' || input.kind === 'named') {
      throw new UsageError(`--tensor ${name}: ${list.slice(1)} holds more than one input`, {
        hint: `--input ${list.slice(1)}`,
      });
    }
    drafts.push(input.kind === 'tensor' ? { name, tensor: input.tensor } : { name, values: input.values });
  }
  return drafts;
}

function draftsOfInput(input: Exclude<InferInput, { kind: 'body' }>): Draft[] {
  if (input.kind === 'tensor') return [{ name: undefined, tensor: input.tensor }];
  if (input.kind === 'values') return [{ name: undefined, values: input.values }];
  const drafts = Object.entries(input.arrays).map(([name, values]) => ({ name, values }));
  const wrong = drafts.find(({ values }) => typeof values === 'object' && !Array.isArray(values));
  if (drafts.length > 0 && wrong === undefined) return drafts;
  const what = wrong ? `${JSON.stringify(wrong.name)} is no array` : 'the object has no member';
  throw new UsageError(`--input: ${what}`, { hint: 'an array for each input of the model, {"input_a": [1, 2]}' });
}

function tensorOfDraft(draft: Draft, index: number, metadata: ModelMetadata, asked: Datatype | undefined): Tensor {
  const name = draft.name ?? onlyInput(metadata, 'tensor' in draft || 'values' in draft);
  const declared = metadata.inputs.find((candidate) => candidate.name === name) ?? metadata.inputs[index];
  if ('tensor' in draft) {
    const { datatype } = draft.tensor;
    if (asked !== undefined && asked !== datatype) {
      throw new UsageError(`--datatype ${asked}: the .npy file holds ${datatype}, and is sent as it is`, {
        hint: 'a.astype(...) of numpy makes it another one',
      });
    }
    return { name, ...draft.tensor };
  }
  const datatype = asked ?? defaultDatatype(declared?.datatype);
  const shape = (count: number) => shapeFor(declared?.shape, count);
  return 'words' in draft
    ? tensorOfWords(name, datatype, draft.words, shape(draft.words.length))
    : tensorOfValues(name, datatype, draft.values, shape);
}

function onlyInput({ name, inputs }: ModelMetadata, fromFile: boolean): string {
  const [first, second] = inputs;
  if (first === undefined) return 'input';
  if (second === undefined) return first.name;
  const value = fromFile ? '@FILE' : '1,2,3';
  const example = inputs.map((tensor) => `--tensor ${tensor.name}=${value}`).join(' ');
  throw new UsageError(`${name} has ${inputs.length} inputs`, { hint: `kserve-env infer ${name} ${example}` });
}

function defaultDatatype(declared: string | undefined): Datatype {
  return declared !== undefined && isDatatype(declared) ? declared : 'FP64';
}

/** The model's own shape where the number of values fits it, one dimension of any size filled in; else a list. */
function shapeFor(declared: number[] | undefined, count: number): number[] {
  if (declared === undefined) return [count];
  const open = declared.filter((dim) => dim < 0).length;
  const fixed = declared.reduce((product, dim) => (dim < 0 ? product : product * dim), 1);
  if (open === 1 && fixed > 0 && count % fixed === 0) return declared.map((dim) => (dim < 0 ? count / fixed : dim));
  return open === 0 && fixed === count ? declared : [count];
}
