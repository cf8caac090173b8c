/** The small RPCs and their routes, as the same plain fields over both transports. */
import type protobuf from 'protobufjs';
import { healthService } from '../../src/protocol/health-service.js';
import { clientServiceDefinition } from '../../src/protocol/service-definition.js';
import { OipError, oipErrorFromHttp } from '../../src/protocol/status.js';
import type { Fact, HttpPass } from './mutant-behaviour.js';

type Fields = Record<string, unknown>;

interface Codec {
  name: string;
  /** Undefined where nothing can be made of it. */
  request(bytes: Buffer): Fields | undefined;
  answer(bytes: Buffer): Fields;
  write(answer: Fields): Buffer;
}

/** What protobufjs decoded, with its defaults; integers of 64 bits as numbers. */
function plain(message: object): Fields {
  const { $type } = message as { $type: protobuf.Type };
  return $type.toObject(message as protobuf.Message, { defaults: true, arrays: true, objects: true, longs: Number });
}

interface Method {
  path: string;
  requestDeserialize(bytes: Buffer): object;
  responseDeserialize(bytes: Buffer): object;
  responseSerialize(message: object): Buffer;
}

const methods = Object.entries(clientServiceDefinition())
  .filter(([name]) => !name.endsWith('Infer'))
  .map(([name, method]): [string, Method] => [name, method as unknown as Method]);

const codecs = new Map(
  [...methods, ['HealthCheck', healthService.Check] satisfies [string, Method]].map(
    ([name, method]): [string, Codec] => [
      method.path,
      {
        name,
        request(bytes) {
          try {
            return plain(method.requestDeserialize(bytes));
          } catch {
            return undefined;
          }
        },
        answer: (bytes) => plain(method.responseDeserialize(bytes)),
        write: (answer) => method.responseSerialize(answer),
      },
    ],
  ),
);

/** How the messages of a path are read and written; undefined for inferences and for what is no unary RPC. */
export const factCodec = (path: string): Codec | undefined => codecs.get(path);

/** Which RPC a route stands for, and what its path names. */
export interface Route {
  method: string;
  name: string;
  version: string;
}

const model = '/v2/models/([^/]+)(?:/versions/([^/]+))?';
const routes: readonly [method: string, http: string, path: RegExp][] = [
  ['ServerMetadata', 'GET', /^\/v2\/?$/],
  ['ServerLive', 'GET', /^\/v2\/health\/live$/],
  ['ServerReady', 'GET', /^\/v2\/health\/ready$/],
  ['ModelStatistics', 'GET', /^\/v2\/models\/stats$/],
  ['ModelMetadata', 'GET', new RegExp(`^${model}$`)],
  ['ModelReady', 'GET', new RegExp(`^${model}/ready$`)],
  ['ModelConfig', 'GET', new RegExp(`^${model}/config$`)],
  ['ModelStatistics', 'GET', new RegExp(`^${model}/stats$`)],
  ['ModelInfer', 'POST', new RegExp(`^${model}/infer$`)],
  ['RepositoryIndex', 'POST', /^\/v2\/repository\/index$/],
  ['RepositoryModelLoad', 'POST', /^\/v2\/repository\/models\/([^/]+)\/load$/],
  ['RepositoryModelUnload', 'POST', /^\/v2\/repository\/models\/([^/]+)\/unload$/],
];

/** The route of a request line; undefined for one that stands for no RPC. */
export function routeOf(httpMethod: string, url: string): Route | undefined {
  const [path = ''] = url.split('?', 1);
  for (const [method, http, pattern] of routes) {
    const match = http === httpMethod ? pattern.exec(path) : null;
    if (match) return { method, name: decoded(match[1]), version: decoded(match[2]) };
  }
  return undefined;
}

function decoded(segment = ''): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** What a route is asked. */
export function restQuestion({ method, name, version }: Route, body: Buffer): Omit<Fact, 'answer'> {
  const fields = json(body) as Fields | undefined;
  const path = method.startsWith('Repository') ? { model_name: name } : { name, version };
  return { transport: 'rest', method, request: { ...fields, ...path } };
}

/** What a route was asked and answered. Health tells "no" by its status as well, which is no error. */
export function restFact(route: Route, { request, answer }: HttpPass): Fact {
  const value = json(answer.body);
  const { error } = (value ?? {}) as { error?: unknown };
  const isError = answer.status >= 300 && (typeof error === 'string' || value === undefined);
  const fields = Array.isArray(value) ? { models: value } : ((value ?? {}) as Fields);
  const told = isError ? oipErrorFromHttp(answer.status, String(error ?? '')) : fields;
  return { ...restQuestion(route, request.body), answer: told };
}

/** The HTTP answer that tells of fields, or of an error. */
export function restAnswerOf(method: string, told: Fields | OipError, headers: HttpPass['answer']['headers']) {
  if (told instanceof OipError) return httpError(told);
  const no = told.live === false || told.ready === false;
  const body = Buffer.from(JSON.stringify(method === 'RepositoryIndex' ? told.models : told));
  return { status: no ? 503 : 200, headers, body };
}

/** An error over REST. */
export function httpError({ httpStatus, message }: OipError): HttpPass['answer'] {
  const body = Buffer.from(JSON.stringify({ error: message }));
  return { status: httpStatus, headers: { 'content-type': 'application/json' }, body };
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
