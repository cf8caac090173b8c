/** `infer`: one inference from the shell. */
import { UsageError } from '../errors.js';
import { encodeRestResponse } from '../protocol/rest-messages.js';
import { OipError } from '../protocol/status.js';
import type { InferResponse } from '../protocol/tensor.js';
import { type Clients, connectClients } from './clients.js';
import type { CommandContext, CommandResult } from './context.js';
import { serverAddress, type TargetOptions } from './find-environment.js';
import { inferRequest, type RequestOptions } from './infer-request.js';
import { ServerRefusedError } from './server-refusal.js';
import { plainElements } from './tensor-words.js';

/** Options of `infer`. */
export interface InferOptions extends TargetOptions, RequestOptions {
  /** Over REST instead of gRPC. */
  rest?: boolean;
  /** The report has the answer as REST's JSON, too. */
  rawJson?: boolean;
  timeoutMs?: number;
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
  /** With `rawJson`: the answer as REST has it, a JSON text in which int64 and −0 are exact. */
  body?: string;
}

/** @throws NotRunningError, UsageError for words that fit no tensor, ServerRefusedError for what the server refuses */
export async function infer(options: InferOptions, context: CommandContext): Promise<CommandResult<InferReport>> {
  const { rawJson = false } = options;
  assertNoUrl(options);
  const address = await serverAddress(options, context);
  await using clients = await connectClients(address);
  const client = chosenClient(clients, options);
  const call = { signal: context.signal, ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }) };
  try {
    const request = await inferRequest(options, client, context, call);
    const start = performance.now();
    const answer = await client.infer(request, call);
    const data = report(client.endpoint, answer, performance.now() - start);
    return { data: rawJson ? { ...data, body: jsonOf(answer) } : data, warnings: address.warnings ?? [] };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof OipError) throw new ServerRefusedError(error, client.endpoint);
    throw error;
  }
}

/** Of other verbs `--rest` takes a URL. */
function assertNoUrl({ rest, model, values = [] }: InferOptions): void {
  const url = rest ? [model, ...values].find((word) => /^https?:\/\//i.test(word)) : undefined;
  if (url === undefined) return;
  throw new UsageError('--rest takes no URL here: it says that REST is spoken instead of gRPC', {
    hint: `--rest-url ${url}`,
  });
}

/** The client of the transport that was asked for. Throws UsageError where the server is not reached by it. */
function chosenClient({ byTransport, preferred }: Clients, { rest }: Pick<InferOptions, 'rest'>) {
  const client = rest ? byTransport.rest : preferred;
  if (client === undefined) throw new UsageError('--rest needs a REST endpoint', { hint: 'give one with --rest-url' });
  return client;
}

function jsonOf(answer: InferResponse): string {
  try {
    return encodeRestResponse(answer, { parameters: {}, outputs: [] }).body.toString('utf8');
  } catch (error) {
    if (!(error instanceof OipError)) throw error;
    throw new UsageError(`--raw-json: ${error.message.replace(/; ask for binary data$/, '')}`, {
      hint: '--json writes NaN and the infinities as words, and half-precision numbers as their bits',
      cause: error,
    });
  }
}

function report(endpoint: string, answer: InferResponse, ms: number): InferReport {
  const { modelName, modelVersion, id, outputs } = answer;
  const plain = outputs.map((tensor) => {
    return { name: tensor.name, datatype: tensor.datatype, shape: tensor.shape, data: plainElements(tensor) };
  });
  return { endpoint, modelName, modelVersion, id, outputs: plain, ms: Math.round(ms * 100) / 100 };
}
