/** Servers of bench/server.js, what each is asked, and one measured load of each. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { grpcHeaders, h2load } from './load.js';
import {
  assertGrpcAnswer,
  assertRestAnswer,
  callGrpc,
  callRest,
  grpcBody,
  inferPath,
  inferRequest,
  restRequest,
} from './payloads.js';
import { cpuSeconds, processTree, startServer } from './processes.js';

const floor = (name) => fileURLToPath(new URL(`floors/${name}.js`, import.meta.url));

/** What the commands give Node for the 256 MiB that a server has unless told: src/engine/memory.ts. */
const heapMegabytes = 160;

/** Our server from its bundle, with the model of the examples and `more` configuration. */
export function startOurs(bundle, more = {}, execArgv = []) {
  const config = {
    version: '0.0.0-bench',
    host: '127.0.0.1',
    grpcPort: 0,
    httpPort: 0,
    models: [{ name: 'simple_scaler', kind: 'scale' }],
    ...more,
  };
  const env = { KSERVE_ENV_SERVER_CONFIG: JSON.stringify(config), KSERVE_ENV_DIE_WITH_PARENT: '1' };
  return startServer('kserve-env', [bundle], {
    env,
    execArgv: [`--max-old-space-size=${heapMegabytes}`, ...execArgv],
  });
}

export const startFloor = {
  identity: () => startServer('grpc-js, identity codec', [floor('grpc-identity')]),
  protoLoader: () => startServer('grpc-js, proto-loader', [floor('grpc-proto-loader')]),
  echo: () => startServer('node:http, echo', [floor('rest-echo')]),
  json: () => startServer('node:http, JSON', [floor('rest-json')]),
};

/** As many requests on the way as keep a server busy, without the memory of them being what is measured. */
const grpcConcurrency = (n) => (n < 100_000 ? { clients: 8, streams: 32 } : { clients: 4, streams: 2 });
// Streams of one HTTP/1.1 connection would be pipelined, which no client does.
const restConcurrency = { clients: 32, streams: 1 };

/**
 * A server and a request that it has answered rightly once. `factor` is what the answer has to be of the request; an
 * echo has 1, and no answer but the same bytes.
 *
 * @param {{ server: object, transport: 'grpc' | 'rest', n: number, form: 'typed' | 'raw' | 'json' | 'binary',
 *   scratch: string, echo?: boolean, concurrency?: { clients: number, streams: number } }} options
 */
export async function contender({ server, transport, n, form, scratch, echo = false, concurrency }) {
  const bodyFile = join(scratch, `${transport}-${form}-${n}`);
  if (transport === 'grpc') {
    const message = inferRequest({ n, form });
    const url = `http://127.0.0.1:${server.grpcPort}`;
    const answer = await callGrpc(url, inferPath, message);
    if (echo) assertSame(server, answer, message);
    else assertGrpcAnswer(answer, { n, form });
    const body = grpcBody(message);
    writeFileSync(bodyFile, body);
    const load = { url, path: inferPath, bodyFile, headers: grpcHeaders, ...(concurrency ?? grpcConcurrency(n)) };
    return { server, load, answerBytes: grpcBody(answer).byteLength };
  }
  const request = restRequest({ n, form });
  const url = `http://127.0.0.1:${server.httpPort}`;
  const path = '/v2/models/simple_scaler/infer';
  const answer = await callRest(url, path, request);
  if (echo) assertSame(server, answer.body, request.body);
  else assertRestAnswer(answer, { n, form });
  writeFileSync(bodyFile, request.body);
  const load = { url, path, bodyFile, headers: request.headers, h1: true, ...(concurrency ?? restConcurrency) };
  return { server, load, answerBytes: answer.body.byteLength };
}

function assertSame({ name }, answer, body) {
  if (!answer.equals(body)) throw new Error(`${name} does not answer its request's bytes`);
}

/** Loads a server for `seconds` so that its code is compiled. Resolves to the rate, which says how many to send. */
export async function warmUp({ load }, seconds) {
  await h2load({ ...load, seconds });
  const { requestsPerSecond } = await h2load({ ...load, seconds });
  return requestsPerSecond;
}

/**
 * One measured load. Throws unless every answer was as long as the right one, since an error is a 200 to h2load.
 *
 * @returns {Promise<{ rate: number, cpuMicros: number, cores: number }>} requests a second, microseconds of the server's
 *   own CPU a request, and CPU seconds a second
 */
export async function measure({ server, load, answerBytes }, requests) {
  const pids = processTree(server.pid);
  const before = cpuSeconds(pids);
  const report = await h2load({ ...load, requests });
  const cpu = cpuSeconds(pids) - before;
  if (report.succeeded !== requests || report.failed > 0 || report.bytes !== requests * answerBytes) {
    throw new Error(
      `${server.name}: of ${requests} requests ${report.succeeded} were answered, with ${report.bytes} bytes where ` +
        `right answers have ${requests * answerBytes}: what it said cannot be counted`,
    );
  }
  return {
    rate: report.requestsPerSecond,
    cpuMicros: (cpu / requests) * 1e6,
    cores: cpu / report.seconds,
  };
}
