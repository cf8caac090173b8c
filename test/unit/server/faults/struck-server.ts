/** A server with faults, and what its clients and its counts see of them. */
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { type FaultInput, faultSchema } from '../../../../src/faults/fault.js';
import { faultHeader } from '../../../../src/faults/fault-text.js';
import { modelConfigSchema } from '../../../../src/models/kinds.js';
import type { ServerConfig } from '../../../../src/models/server-config.js';
import type { StartServerOptions } from '../../../../src/server/start-server.js';
import {
  callHeaders,
  callRaw,
  decodeResponse,
  encodeRequest,
  frame,
  inferMessage,
  type RawAnswer,
} from '../grpc-clients.js';
import { serve, type TestServer } from '../serve.js';

export const models = [
  { kind: 'identity', name: 'same', aliases: ['alias'] },
  { kind: 'identity', name: 'raw', output: 'raw' },
  { kind: 'add_sub', name: 'two' },
].map((model) => modelConfigSchema.parse(model));

/** Faults whose calls come to no end by themselves, each for calls whose header `x-fault` names its kind. */
export const endlessFaults = (
  [{ kind: 'delay', time: '1h' }, { kind: 'hang' }, { kind: 'half-open' }, { kind: 'slow-bytes', rate: 1 }] as const
).map((fault) => ({ ...fault, header: `x-fault=${fault.kind}` }));

export interface FaultyServer extends AsyncDisposable {
  running: TestServer;
  add(...faults: FaultInput[]): Promise<unknown>;
  clear(): Promise<unknown>;
  /** Calls that each fault has struck. */
  struck(): number[];
  /** Requests of a transport and method by their status, as /metrics has them. */
  counted(transport: 'grpc' | 'rest', method: string): Promise<Record<string, number>>;
}

export async function serveFaulty(
  more: Partial<ServerConfig> = {},
  options: StartServerOptions = {},
): Promise<FaultyServer> {
  const running = await serve(options, { models, ...more });
  const { faults } = running.server;
  if (!faults) throw new Error('a server of one process keeps its faults');
  // What is declared is loaded while both ports answer.
  while (!(await running.server.isReady()));
  return {
    running,
    add: (...added) => faults.add(added.map((one) => faultSchema.parse(one))),
    clear: () => faults.clear(),
    struck: () => faults.list().map(({ struck }) => struck),
    async counted(transport, method) {
      const text = await (await fetch(`${running.baseUrl}/metrics`)).text();
      const lines = text.matchAll(/^kserve_env_requests_total\{(.*)\} (\d+)$/gm);
      const counts = [...lines].map(([, labels = '', count]) => ({ labels, count: Number(count) }));
      const wanted = counts.filter(
        ({ labels }) => labels.includes(`"${transport}"`) && labels.includes(`method="${method}"`),
      );
      return Object.fromEntries(
        wanted.map(({ labels, count }) => [/(?:status|code)="([^"]*)"/.exec(labels)?.[1], count]),
      );
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** One inference over HTTP/2 by hand, with faults of its own where there are any. */
export function inferRaw(
  session: ClientHttp2Session,
  {
    fault,
    model = 'same',
    values = [1, 2],
    more = {},
    method = 'ModelInfer',
  }: {
    fault?: string;
    model?: string;
    values?: readonly number[];
    more?: OutgoingHttpHeaders;
    method?: string;
  } = {},
): Promise<RawAnswer> {
  const headers = callHeaders(method, { ...(fault !== undefined && { [faultHeader]: fault }), ...more });
  return callRaw(session, headers, frame(encodeRequest('ModelInfer', inferMessage(model, values))));
}

/** The one message of an answer to ModelInfer. */
export function messageOf({ frames }: RawAnswer): Record<string, unknown> {
  if (frames.length !== 1) throw new Error(`expected one message, got ${frames.length}`);
  return decodeResponse('ModelInfer', frames[0]?.bytes as Buffer);
}

/** Settles when a stream or a connection has closed, with an error or without. */
export async function closed(one: ClientHttp2Session | ClientHttp2Stream): Promise<void> {
  if (!one.destroyed) await new Promise((resolve) => one.once('close', resolve));
}
