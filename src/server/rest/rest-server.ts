/** The REST transport: routes and bodies in, data plane, bodies out. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Limits } from '../../models/limits.js';
import { type JsonValue, writeJson } from '../../protocol/json-text.js';
import {
  decodeRestRequest,
  encodeRestResponse,
  headerLengthHeader,
  parseHeaderLength,
  type RestBody,
} from '../../protocol/rest-messages.js';
import { oipError } from '../../protocol/status.js';
import type { TensorMetadata } from '../../protocol/tensor.js';
import { asOipError, type DataPlane } from '../data-plane.js';
import type { Logger } from '../telemetry/logger.js';
import type { RunningTransport, TransportOptions } from '../transport.js';
import { keepAliveMs } from '../waits.js';
import { decodeBareRequest } from './bare-request.js';
import { readBody } from './read-body.js';
import { matchRoute, type RouteName } from './routes.js';

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: JsonValue | RestBody;
}

interface RouteCall {
  request: IncomingMessage;
  model: string;
  version: string;
}

type Handlers = Record<RouteName, (call: RouteCall) => Answer | Promise<Answer>>;

/** Listens for HTTP/1.1 in plain text. Rejects with the system's error where the port cannot be had. */
export async function startRestServer({
  host,
  port,
  dataPlane,
  limits,
  log,
}: TransportOptions): Promise<RunningTransport> {
  const handlers = createHandlers(dataPlane, limits);
  let stopping = false;
  const server = createServer({ keepAliveTimeout: keepAliveMs }, async (request, response) => {
    response.on('error', () => {});
    const answer = await answerTo(request, handlers, log);
    // A body that was not read to its end would be taken for the next request.
    const close = stopping || !request.complete;
    send(response, answer, close);
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      stopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      return closed;
    },
    cut: () => server.closeAllConnections(),
  };
}

async function answerTo(request: IncomingMessage, handlers: Handlers, log: Logger): Promise<Answer> {
  try {
    const match = matchRoute(request.method ?? '', request.url ?? '');
    if (match.kind === 'none') throw oipError('ROUTE_NOT_FOUND', 'There is no such route on this server');
    if (match.kind === 'method') {
      const allow = match.allow.join(', ');
      const { httpStatus, message } = oipError('METHOD_NOT_ALLOWED', `This route takes ${allow}`);
      return { status: httpStatus, headers: { allow }, body: { error: message } };
    }
    return await handlers[match.name]({ request, model: match.model, version: match.version });
  } catch (error) {
    const { httpStatus, message } = asOipError(error, log);
    return { status: httpStatus, body: { error: message } };
  }
}

function createHandlers(dataPlane: DataPlane, limits: Limits): Handlers {
  const tensor = ({ name, datatype, shape }: TensorMetadata): JsonValue => ({ name, datatype, shape });
  return {
    serverLive: () => ({ status: 200, body: { live: dataPlane.serverLive() } }),
    serverReady: () => readiness(dataPlane.serverReady()),
    serverMetadata: () => ({ status: 200, body: { ...dataPlane.serverMetadata() } }),
    modelList: () => ({ status: 200, body: { models: dataPlane.modelNames() } }),
    modelReady: ({ model, version }) => readiness(dataPlane.modelReady(model, version), { name: model }),
    modelMetadata({ model, version }) {
      const { inputs, outputs, ...metadata } = dataPlane.modelMetadata(model, version);
      return { status: 200, body: { ...metadata, inputs: inputs.map(tensor), outputs: outputs.map(tensor) } };
    },
    async modelInfer({ request, model, version }) {
      const body = await readBody(request, limits.maxReceiveMessageBytes);
      const header = request.headers[headerLengthHeader]?.toString();
      const headerLength = parseHeaderLength(header, body.byteLength);
      const inferRequest =
        headerLength === 0
          ? decodeBareRequest(body, dataPlane.modelMetadata(model, version), version)
          : decodeRestRequest({ body, headerLength }, model, version);
      return { status: 200, body: encodeRestResponse(await dataPlane.infer(inferRequest), inferRequest) };
    },
  };
}

function readiness(ready: boolean, fields: Record<string, string> = {}): Answer {
  return { status: ready ? 200 : 503, body: { ...fields, ready } };
}

function isRestBody(body: Answer['body']): body is RestBody {
  return typeof body === 'object' && body !== null && 'body' in body && Buffer.isBuffer(body.body);
}

function send(response: ServerResponse, { status, headers = {}, body }: Answer, close: boolean): void {
  const { body: bytes, headerLength } = isRestBody(body)
    ? body
    : { body: Buffer.from(writeJson(body), 'utf8'), headerLength: undefined };
  const binary = headerLength !== undefined;
  response.writeHead(status, {
    ...headers,
    'content-type': binary ? 'application/octet-stream' : 'application/json',
    'content-length': bytes.byteLength,
    ...(binary && { [headerLengthHeader]: headerLength }),
    ...(close && { connection: 'close' }),
  });
  response.end(bytes);
}
