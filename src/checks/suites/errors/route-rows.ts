/** Rows about calls, routes and methods that are not there. */

import { grpcFrame } from '../../../protocol/grpc-frames.js';
import { inferencePath } from './message-rows.js';
import { only, type Row, type RowSource, rowsOf } from './row.js';
import type { Attempt } from './sent-request.js';
import { anyModelOrNone, type Target } from './targets.js';

/** An empty message to a path. */
const emptyCall = (path: string) =>
  only('grpc-typed', (): Attempt => ({ kind: 'frames', path, headers: {}, body: grpcFrame(Buffer.alloc(0)) }));

const callRows = rowsOf(
  {
    spec: 'gRPC: a method that is not implemented is answered UNIMPLEMENTED, with HTTP status 200.',
    why: 'Clients try an extension, and go on without it where the answer is UNIMPLEMENTED; any other one ends them.',
  },
  [
    {
      id: 'unknown-call/service',
      title: 'a call of a service that is not there is refused',
      documented: { grpc: 'UNIMPLEMENTED' },
      target: anyModelOrNone,
      attempt: emptyCall('/kserve_env.NoSuchService/Nothing'),
    },
    {
      id: 'unknown-call/method',
      title: 'a call that the service does not have is refused',
      documented: { grpc: 'UNIMPLEMENTED' },
      target: anyModelOrNone,
      attempt: emptyCall(inferencePath('KserveEnvNoSuchCall')),
    },
    {
      id: 'unknown-call/case',
      title: 'a call in another case is refused',
      documented: { grpc: 'UNIMPLEMENTED' },
      target: anyModelOrNone,
      attempt: emptyCall(inferencePath('modelinfer')),
    },
    ...['TraceSetting', 'LogSettings', 'SystemSharedMemoryStatus', 'CudaSharedMemoryStatus'].map(
      (method): RowSource => {
        return {
          id: `unserved-call/${method}`,
          title: `${method}, an extension of Triton's that is not served, says so`,
          documented: { grpc: 'UNIMPLEMENTED' },
          oursOnly: true,
          target: anyModelOrNone,
          attempt: emptyCall(inferencePath(method)),
        };
      },
    ),
  ],
);

/** A request line, with `{model}` for the target's. */
function line(method: string, path: string, body?: string) {
  return only('rest-json', ({ request }: Target): Attempt => {
    const name = encodeURIComponent(String(request.model));
    return {
      kind: 'http',
      method,
      path: path.replace('{model}', () => name),
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body !== undefined && { body: Buffer.from(body) }),
    };
  });
}

const routeOnlyRows = rowsOf(
  {
    spec: 'HTTP, RFC 9110, section 15.5.5: 404 for a path that nothing stands for. The OIP lists the paths that there are.',
    why: 'A client with a mistyped path must not believe that it has an answer.',
  },
  [
    { path: '/v2/kserve-env-no-such-route', name: 'unknown', words: 'a path that is none' },
    {
      path: '/v2/models/{model}/kserve-env-no-such-route',
      name: 'below-a-model',
      words: 'a path below a model that is none',
    },
    { path: '/v2/models//infer', name: 'no-model', words: 'a path without a name where the model stands' },
    { path: '/v2/models/%zz/infer', name: 'percent', words: 'a path that is no percent-encoding' },
    { path: '/v1/models/{model}:predict', name: 'v1', words: 'a path of version 1', oursOnly: true },
    { path: '/', name: 'root', words: 'the path /', oursOnly: true },
  ].map(({ path, name, words, oursOnly = false }): RowSource => {
    return {
      id: `unknown-route/${name}`,
      title: `${words} is refused`,
      documented: { http: 404 },
      known: { rest: name === 'percent' ? { MLServer: '422', KServe: '422' } : { MLServer: '404', KServe: '404' } },
      oursOnly,
      target: anyModelOrNone,
      attempt: line('POST', path, '{}'),
    };
  }),
);

const unservedRows = rowsOf(
  {
    spec: 'kserve-env: extensions of Triton that are not served are answered 501, with a message that names them.',
    why: 'Without a clear word for it, a client looks for its own mistake.',
  },
  (
    [
      ['POST', '/v2/trace/setting', '{}'],
      ['GET', '/v2/logging', undefined],
      ['GET', '/v2/systemsharedmemory/status', undefined],
      ['GET', '/v2/cudasharedmemory/status', undefined],
    ] as const
  ).map(([method, path, body]): RowSource => {
    return {
      id: `unserved-route${path}`,
      title: `${method} ${path}, an extension of Triton's that is not served, says so`,
      documented: { http: 501 },
      oursOnly: true,
      target: anyModelOrNone,
      attempt: line(method, path, body),
    };
  }),
);

const methodRows = rowsOf(
  {
    spec: 'HTTP, RFC 9110, section 15.5.6: 405 for a method that a path does not take, with the ones that it takes in `Allow`.',
    why: 'A GET that runs an inference is repeated by every proxy and browser on the way.',
  },
  [
    {
      id: 'method/get-infer',
      title: 'GET of an inference is refused',
      documented: { http: 405 },
      known: { rest: { MLServer: '405', KServe: '405' } },
      header: { name: 'allow', value: /\bPOST\b/i, words: 'POST' },
      attempt: line('GET', '/v2/models/{model}/infer'),
    },
    {
      id: 'method/put-infer',
      title: 'PUT of an inference is refused',
      documented: { http: 405 },
      header: { name: 'allow', value: /\bPOST\b/i, words: 'POST' },
      attempt: line('PUT', '/v2/models/{model}/infer', '{}'),
    },
    {
      id: 'method/delete-model',
      title: 'DELETE of a model is refused',
      documented: { http: 405 },
      header: { name: 'allow', value: /\bGET\b/i, words: 'GET' },
      attempt: line('DELETE', '/v2/models/{model}'),
    },
    {
      id: 'method/post-live',
      title: 'POST to the health of the server is refused',
      documented: { http: 405 },
      header: { name: 'allow', value: /\bGET\b/i, words: 'GET' },
      accepted: 'lax',
      target: anyModelOrNone,
      attempt: line('POST', '/v2/health/live', '{}'),
    },
    {
      id: 'method/unknown',
      title: 'a method that HTTP does not have is refused',
      documented: { http: 400 },
      target: anyModelOrNone,
      attempt: line('NONSENSE', '/v2/health/live'),
    },
  ],
);

export const routeRows: readonly Row[] = [...callRows, ...routeOnlyRows, ...unservedRows, ...methodRows];
