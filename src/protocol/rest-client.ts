/** The client port over REST, for any server of the protocol: health is judged by status first, then by body. */
import * as z from 'zod';
import type { CallOptions, InferCall, InferenceClient } from './client.js';
import { createHttpSender, type HttpAnswer, type HttpSender, type HttpSenderOptions } from './http-exchange.js';
import { completeCall, malformedAnswer } from './infer-call.js';
import { parseJson } from './json-text.js';
import { decodeRestResponse, encodeRestRequest, headerLengthHeader, parseHeaderLength } from './rest-messages.js';
import { type OipError, oipError, oipErrorFromHttp } from './status.js';
import type { ModelMetadata, ServerMetadata } from './tensor.js';

const tensorMetadata = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.number()) });
const modelMetadataSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()).nullish(),
  platform: z.string().nullish(),
  inputs: z.array(tensorMetadata).nullish(),
  outputs: z.array(tensorMetadata).nullish(),
});
const serverMetadataSchema = z.object({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()).nullish(),
});
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const repositoryIndexSchema = z.array(z.object({ name: z.string(), version: text, state: text, reason: text }));

/** Statuses by which servers say that they have no such route. */
const noRouteStatuses = new Set([404, 405, 501]);

/** Statuses by which servers say "not now" about health; another one is an error of its own. */
const notReadyStatuses = new Set([400, 503]);

/** A client of the REST service at `baseUrl`. Throws TypeError where that is no http or https URL. */
export function createRestClient(options: HttpSenderOptions): InferenceClient {
  return restClientOver(createHttpSender(options), options.baseUrl);
}

/** A client that sends by a sender, which it disposes of with itself. */
export function restClientOver(sender: HttpSender, endpoint: string): InferenceClient {
  const { send } = sender;
  const health = async (path: string, member: 'live' | 'ready', options?: CallOptions): Promise<boolean> => {
    const answer = await send({ method: 'GET', path }, options);
    if (notReadyStatuses.has(answer.status)) return false;
    if (answer.status >= 300) throw errorOf(answer);
    return bodyObject(answer)?.[member] !== false;
  };
  const json = async <T>(path: string, schema: z.ZodType<T>, options?: CallOptions): Promise<T> => {
    const answer = await send({ method: 'GET', path }, options);
    if (answer.status >= 300) throw errorOf(answer);
    return read(path, answer, schema);
  };

  return {
    transport: 'rest',
    endpoint,
    serverLive: (options) => health('/v2/health/live', 'live', options),
    serverReady: (options) => health('/v2/health/ready', 'ready', options),
    modelReady: (name, version = '', options = {}) => health(`${modelPath(name, version)}/ready`, 'ready', options),
    async serverMetadata(options): Promise<ServerMetadata> {
      const metadata = await json('/v2', serverMetadataSchema, options);
      return { name: metadata.name, version: metadata.version, extensions: metadata.extensions ?? [] };
    },
    async modelMetadata(name, version = '', options = {}): Promise<ModelMetadata> {
      const metadata = await json(modelPath(name, version), modelMetadataSchema, options);
      return {
        name: metadata.name,
        versions: metadata.versions ?? [],
        platform: metadata.platform ?? '',
        inputs: metadata.inputs ?? [],
        outputs: metadata.outputs ?? [],
      };
    },
    async repositoryIndex({ ready = false, ...options } = {}) {
      const path = '/v2/repository/index';
      const headers = { 'content-type': 'application/json' };
      // Some servers take no empty body, and some no member that they do not know.
      const body = Buffer.from(ready ? '{"ready":true}' : '{}');
      const answer = await send({ method: 'POST', path, headers, body }, options);
      if (noRouteStatuses.has(answer.status)) throw oipError('UNIMPLEMENTED', errorOf(answer).message);
      if (answer.status >= 300) throw errorOf(answer);
      return read(path, answer, repositoryIndexSchema);
    },
    async infer(inferCall: InferCall, options) {
      const request = completeCall(inferCall);
      const { body, headerLength } = encodeRestRequest(request);
      const binary = headerLength !== undefined;
      const headers = {
        'content-type': binary ? 'application/octet-stream' : 'application/json',
        ...(binary && { [headerLengthHeader]: String(headerLength) }),
      };
      const path = `${modelPath(request.modelName, request.modelVersion)}/infer`;
      const answer = await send({ method: 'POST', path, headers, body }, options);
      if (answer.status >= 300) throw errorOf(answer);
      return malformedAnswer(() => {
        const header = answer.headers[headerLengthHeader];
        const answerLength = parseHeaderLength(header?.toString(), answer.body.byteLength);
        return decodeRestResponse({ body: answer.body, headerLength: answerLength });
      });
    },
    [Symbol.asyncDispose]: () => sender[Symbol.asyncDispose](),
  };
}

function read<T>(path: string, { body }: HttpAnswer, schema: z.ZodType<T>): T {
  return malformedAnswer(() => {
    const parsed = schema.safeParse(parseJson(body.toString('utf8')));
    if (!parsed.success) throw new TypeError(`${path}: ${z.prettifyError(parsed.error)}`);
    return parsed.data;
  });
}

/** Path of a model, or of one version of it unless that is empty. */
export function modelPath(name: string, version: string): string {
  const model = `/v2/models/${encodeSegment(name)}`;
  return version === '' ? model : `${model}/versions/${encodeSegment(version)}`;
}

/** Percent-encodes a name, dots of `.` and `..` too, which would otherwise be read as a path. */
function encodeSegment(name: string): string {
  const wellFormed = name.replace(/\p{Surrogate}/gu, '\ufffd');
  return /^\.{1,2}$/.test(name) ? name.replaceAll('.', '%2E') : encodeURIComponent(wellFormed);
}

function bodyObject({ body }: HttpAnswer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** What the server said: `error` of its body (KServe, Triton, MLServer), `detail` (FastAPI), or the body itself. */
function errorOf(answer: HttpAnswer): OipError {
  const object = bodyObject(answer);
  const said = object?.error ?? object?.detail ?? answer.body.toString('utf8').trim();
  const message = typeof said === 'string' ? said : JSON.stringify(said);
  return oipErrorFromHttp(answer.status, message || `HTTP status ${answer.status}`);
}
