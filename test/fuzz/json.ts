/** Bodies for the decoder of REST, here, and as inferences of a running server. */
import { Agent, request } from 'node:http';
import { parseJson } from '../../src/protocol/json-text.js';
import {
  decodeRestRequest,
  decodeRestResponse,
  headerLengthHeader,
  parseHeaderLength,
} from '../../src/protocol/rest-messages.js';
import { OipError } from '../../src/protocol/status.js';
import { mutateJson, splitBody } from './mutate-json.js';
import { patienceMs, type Target, thrown, type Verdict, type WireLane } from './target.js';

const isRefusal = (error: Error): boolean => error instanceof OipError;

const paths = [
  ...['identity', 'typed_scaler', 'simple', 'simple_sum', 'linear_regression'].map(
    (model) => `/v2/models/${model}/infer`,
  ),
  '/v2/repository/index',
  '/v2/logging',
];

export const jsonTarget: Target = {
  name: 'json',
  mutate: mutateJson,
  tryHere(input) {
    const { header, body } = splitBody(input);
    for (const decode of [
      () => decodeRestRequest({ body, headerLength: parseHeaderLength(header, body.byteLength) }, 'm', ''),
      () => decodeRestResponse({ body, headerLength: parseHeaderLength(header, body.byteLength) }),
      () => parseJson(body.toString('utf8')),
    ]) {
      try {
        decode();
      } catch (error) {
        const verdict = thrown(error, isRefusal);
        if (verdict !== undefined) return verdict;
      }
    }
    if (({} as Record<string, unknown>).polluted !== undefined) return 'reaches the prototype of all objects';
    return undefined;
  },
  openLane: ({ httpPort }) => openRequests(httpPort),
};

function openRequests(port: number): WireLane {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    async try(input) {
      const first = await post(agent, port, input);
      // A connection that was kept may end at any time: that is no answer, and no fault.
      return first === 'ended'
        ? (await post(agent, port, input)) === 'ended'
          ? 'ends its connection'
          : undefined
        : first;
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

function post(agent: Agent, port: number, input: Buffer): Promise<Verdict | 'ended'> {
  const { header, body } = splitBody(input);
  const said = header?.replace(/[^\x20-\x7e]/g, '?');
  const path = paths[input.byteLength % paths.length] as string;
  return new Promise((resolve) => {
    const call = request({
      agent,
      port,
      host: '127.0.0.1',
      method: 'POST',
      path,
      headers: { 'content-length': body.byteLength, ...(said !== undefined && { [headerLengthHeader]: said }) },
    });
    const settle = (verdict: Verdict | 'ended'): void => {
      clearTimeout(late);
      resolve(verdict);
    };
    const late = setTimeout(() => {
      call.destroy();
      settle(`is not answered within ${patienceMs} ms, by ${path}`);
    }, patienceMs);
    call.on('error', () => settle('ended'));
    call.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => settle(judge(response.statusCode ?? 0, Buffer.concat(chunks), path)));
      response.on('error', () => settle('ended'));
    });
    call.end(body);
  });
}

function judge(status: number, body: Buffer, path: string): Verdict {
  if (status === 200) return undefined;
  if (status >= 500 && status !== 501) return `is ${status}, by ${path}: ${body.toString('utf8', 0, 200)}`;
  try {
    const { error } = JSON.parse(body.toString('utf8')) as { error: unknown };
    return typeof error === 'string' ? undefined : `is ${status} without an error, by ${path}`;
  } catch {
    return `is ${status} with a body that is no JSON, by ${path}`;
  }
}
