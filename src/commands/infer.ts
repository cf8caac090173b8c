/** `infer`: one inference from the shell. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { UsageError } from '../errors.js';
import type { InferCall, InferenceClient } from '../protocol/client.js';
import { type Datatype, isDatatype } from '../protocol/datatype.js';
import { decodeRestRequest } from '../protocol/rest-messages.js';
import { OipError } from '../protocol/status.js';
import type { InferResponse, ModelMetadata, Parameters } from '../protocol/tensor.js';
import { connectClients } from './clients.js';
import type { CommandContext, CommandResult } from './context.js';
import { serverAddress, type TargetOptions } from './find-environment.js';
import { parametersOfWords } from './parameter-words.js';
import { ServerRefusedError } from './server-refusal.js';
import { datatypeOf, plainElements, tensorOfWords } from './tensor-words.js';

/** Options of `infer`. Exactly one of `values`, `tensors` and `input` is given. */
export interface InferOptions extends TargetOptions {
  model: string;
  /** Elements of the model's only input, as typed. */
  values?: string[];
  /** `name=1,2,3`, one an input. */
  tensors?: string[];
  /** File with a request body of the REST protocol; `-` for standard input. */
  input?: string;
  /** Datatype of the values; by default the model's own, FP64 where it takes any. */
  datatype?: string;
  /** `name=value`; true, false and numbers are sent as such. */
  parameters?: string[];
  modelVersion?: string;
  /** Send raw bytes instead of typed contents. */
  raw?: boolean;
  /** Over REST instead of gRPC. */
  rest?: boolean;
  timeoutMs?: number;
  stdin?: Readable;
}

/** The server's answer in plain values. */
export interface InferReport {
  endpoint: string;
  modelName: string;
  modelVersion: string;
  id: string;
  outputs: { name: string; datatype: string; shape: number[]; data: (number | bigint | string | boolean)[] }[];
  /** Milliseconds of the inference call alone. */
  ms: number;
}

/** @throws NotRunningError, UsageError for words that fit no tensor, ServerRefusedError for what the server refuses */
export async function infer(options: InferOptions, context: CommandContext): Promise<CommandResult<InferReport>> {
  const address = await serverAddress(options, context);
  await using clients = await connectClients(address);
  const client = options.rest ? clients.byTransport.rest : clients.preferred;
  if (client === undefined) throw new UsageError('--rest needs a REST endpoint', { hint: 'give one with --rest-url' });
  const call = { signal: context.signal, ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }) };
  try {
    const request = await inferCall(options, client, context, call);
    const start = performance.now();
    const answer = await client.infer(request, call);
    return { data: report(client.endpoint, answer, performance.now() - start), warnings: address.warnings ?? [] };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof OipError) throw new ServerRefusedError(error, client.endpoint);
    throw error;
  }
}

function report(endpoint: string, answer: InferResponse, ms: number): InferReport {
  const { modelName, modelVersion, id, outputs } = answer;
  const plain = outputs.map((tensor) => {
    return { name: tensor.name, datatype: tensor.datatype, shape: tensor.shape, data: plainElements(tensor) };
  });
  return { endpoint, modelName, modelVersion, id, outputs: plain, ms: Math.round(ms * 100) / 100 };
}

async function inferCall(
  options: InferOptions,
  client: InferenceClient,
  context: CommandContext,
  call: { signal: AbortSignal },
): Promise<InferCall> {
  const { model, values = [], tensors = [], input } = options;
  const ways = [values.length > 0 && 'values', tensors.length > 0 && '--tensor', input !== undefined && '--input'];
  const given = ways.filter((way) => way !== false);
  if (given.length !== 1) {
    throw new UsageError(
      given.length === 0 ? 'There is nothing to infer from' : `${given.join(' and ')} exclude each other`,
      {
        hint: `for example kserve-env infer ${model} 1 -2.5 3, or --tensor name=1,2,3 for each input, or --input FILE`,
      },
    );
  }
  const common = {
    modelName: model,
    modelVersion: options.modelVersion ?? '',
    form: options.raw ? ('raw' as const) : ('typed' as const),
  };
  const parameters = parametersOfWords(options.parameters ?? []);
  if (input !== undefined) return withBody(await readInput(input, options, context), common, parameters);

  const metadata = await client.modelMetadata(model, common.modelVersion, call);
  const words = tensors.length > 0 ? tensors.map(namedWords) : [{ name: onlyInput(metadata), words: values }];
  const inputs = words.map(({ name, words: list }, index) => {
    const declared = metadata.inputs.find((candidate) => candidate.name === name) ?? metadata.inputs[index];
    const datatype =
      options.datatype === undefined ? defaultDatatype(declared?.datatype) : datatypeOf(options.datatype);
    return tensorOfWords(name, datatype, list, shapeFor(declared?.shape, list.length));
  });
  return { ...common, parameters, inputs };
}

function withBody(body: string, common: Pick<InferCall, 'modelName'>, parameters: Parameters): InferCall {
  try {
    const request = decodeRestRequest({ body: Buffer.from(body), headerLength: undefined }, common.modelName, '');
    return { ...request, ...common, parameters: { ...request.parameters, ...parameters } };
  } catch (error) {
    if (error instanceof OipError) throw new UsageError(`--input: ${error.message}`, { cause: error });
    throw error;
  }
}

async function readInput(input: string, { stdin }: InferOptions, { cwd, signal }: CommandContext): Promise<string> {
  // Nobody may ever write to it.
  if (input === '-') return await text(addAbortSignal(signal, stdin ?? process.stdin));
  try {
    return await readFile(resolve(cwd, input), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--input: ${input} cannot be read (${code})`, { cause: error });
  }
}

function onlyInput({ name, inputs }: ModelMetadata): string {
  const [first, second] = inputs;
  if (first === undefined) return 'input';
  if (second === undefined) return first.name;
  const example = inputs.map((tensor) => `--tensor ${tensor.name}=1,2,3`).join(' ');
  throw new UsageError(`${name} has ${inputs.length} inputs`, { hint: `kserve-env infer ${name} ${example}` });
}

function namedWords(word: string): { name: string; words: string[] } {
  const [, name, list] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
  if (name === undefined || list === undefined) {
    throw new UsageError(`--tensor: expected name=1,2,3, got ${JSON.stringify(word)}`);
  }
  return { name, words: list === '' ? [] : list.split(',') };
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
