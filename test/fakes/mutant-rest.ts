/** The REST side of a mutant: an HTTP/1.1 server that asks the real one, and passes bytes as they are where nothing is wrong. */
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { headerLengthHeader, type RestBody } from '../../src/protocol/rest-messages.js';
import { OipError, oipErrorFromHttp } from '../../src/protocol/status.js';
import { restAnswerBody, restRawChanged, restRequest, restRequestBody, restResponse } from './mutant-answers.js';
import type { Behaviour, HttpPass } from './mutant-behaviour.js';
import { packed, unpacked } from './mutant-codings.js';
import { httpError, type Route, restAnswerOf, restFact, restQuestion, routeOf } from './mutant-facts.js';
import { listeningSide, type MutantSide } from './mutant-side.js';

/** Larger than the real server's, which is to refuse. */
const maxHeaderSize = 1_048_576;

export async function startMutantRest(target: string, behaviour: Behaviour): Promise<MutantSide> {
  const { hostname: host, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });

  /** Asks the real server. Rejects where it cannot be asked. */
  const ask = (
    { method, url, rawHeaders, headers: came }: IncomingMessage,
    response: ServerResponse,
    body: Buffer | IncomingMessage,
    headers: string[] | IncomingHttpHeaders = behaviour.headers?.(came) ?? withoutHop(rawHeaders),
  ) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const asked = httpRequest({
        agent,
        host,
        port,
        maxHeaderSize,
        setHost: false,
        headers,
        ...(method !== undefined && { method }),
        ...(url !== undefined && { path: url }),
      });
      asked.on('error', reject);
      asked.on('response', resolve);
      // A client that gives up takes its request back.
      response.once('close', () => {
        if (!response.writableFinished) asked.destroy();
      });
      if (Buffer.isBuffer(body)) asked.end(body);
      else body.pipe(asked);
    });

  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = await ask(request, response, request);
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, withoutHop(answer.rawHeaders));
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  };

  const change = async (request: IncomingMessage, response: ServerResponse, route: Route | undefined) => {
    const { method = '', url: path = '', headers } = request;
    const body = await readAll(request);
    const kept = route && (await behaviour.instead?.(restQuestion(route, body)));
    if (kept) return send(response, restAnswerOf(route.method, kept, { 'content-type': 'application/json' }));
    const asked = await changedRequest(behaviour, { headers, body }, route);
    const answer = await ask(request, response, asked?.body ?? body, asked?.headers);
    const { statusCode: status = 502, headers: answered } = answer;
    const exchange: HttpPass = {
      request: { method, path, headers, body },
      answer: { status, headers: answered, body: await readAll(answer) },
    };
    exchange.answer = await changedAnswer(behaviour, exchange, route);
    exchange.answer = (await behaviour.http?.(exchange)) ?? exchange.answer;
    send(response, exchange.answer);
  };

  const server = createServer({ maxHeaderSize, requireHostHeader: false }, (request, response) => {
    response.sendDate = false;
    response.once('close', () => {
      if (!response.writableFinished) behaviour.cancelled?.();
    });
    const route = routeOf(request.method ?? '', request.url ?? '');
    const handled = touches(behaviour, route) ? change(request, response, route) : pass(request, response);
    // The real server ends a connection without a word, or the client has gone.
    handled.catch(() => request.socket.destroy());
  });
  // What is no HTTP to this server may be something to the real one.
  server.on('clientError', (error: Error & { rawPacket?: Buffer }, socket: Duplex) => {
    const through = connect(Number(port), host, () => through.end(error.rawPacket ?? Buffer.alloc(0)));
    through.on('error', () => socket.destroy());
    socket.on('error', () => through.destroy());
    through.pipe(socket);
  });
  return await listeningSide(server, () => agent.destroy());
}

function send(response: ServerResponse, { status, headers, body }: HttpPass['answer']): void {
  if (response.destroyed) return;
  const { 'transfer-encoding': _, ...sent } = headers;
  const length = response.req.method === 'HEAD' ? {} : { 'content-length': body.byteLength };
  response.writeHead(status, { ...sent, ...length });
  response.end(body);
}

function touches({ http, infer, raw, ask, fact, instead }: Behaviour, route: Route | undefined): boolean {
  if (http) return true;
  if (route === undefined) return false;
  return route.method === 'ModelInfer' ? Boolean(infer || raw || ask) : Boolean(fact || instead);
}

async function changedRequest(
  { ask }: Behaviour,
  { headers, body }: { headers: IncomingHttpHeaders; body: Buffer },
  route: Route | undefined,
): Promise<{ body: Buffer; headers: IncomingHttpHeaders } | undefined> {
  const request = ask && requestOf(headers, body, route);
  const changed = request && (await ask(request, 'rest'));
  if (!changed) return undefined;
  const { body: plain, headerLength } = restRequestBody(changed);
  const { 'transfer-encoding': _, [headerLengthHeader]: __, ...sent } = headers;
  const encoded = packed(headers['content-encoding'], plain);
  return {
    body: encoded,
    headers: {
      ...sent,
      'content-length': String(encoded.byteLength),
      ...(headerLength !== undefined && { [headerLengthHeader]: String(headerLength) }),
    },
  };
}

function requestOf(headers: IncomingHttpHeaders, body: Buffer, route: Route | undefined) {
  const plain = unpacked(headers['content-encoding'], body);
  if (route?.method !== 'ModelInfer' || plain === undefined) return undefined;
  return restRequest({ body: plain, headerLength: lengthIn(headers) }, route.name, route.version);
}

async function changedAnswer(behaviour: Behaviour, pass: HttpPass, route: Route | undefined) {
  const { request, answer } = pass;
  if (route === undefined) return answer;
  const encoding = answer.headers['content-encoding'];
  const plain: HttpPass = { request, answer: { ...answer, body: unpacked(encoding, answer.body) ?? answer.body } };
  const changed = route.method === 'ModelInfer' ? inferred(behaviour, plain, route) : told(behaviour, plain, route);
  const made = await changed;
  return made ? { ...made, body: packed(made.headers['content-encoding'], made.body) } : answer;
}

async function inferred({ infer, raw }: Behaviour, { request, answer }: HttpPass, route: Route) {
  const asked = requestOf(request.headers, request.body, route);
  const right =
    answer.status < 300 ? restResponse({ body: answer.body, headerLength: lengthIn(answer.headers) }) : errorOf(answer);
  // Its own form, since a change may be made in place.
  const form = right instanceof OipError ? '' : right.form;
  const wrong = await infer?.({ transport: 'rest', streamed: false, request: asked, answer: right });
  if (wrong instanceof OipError) return httpError(wrong);
  if (!wrong && (!raw || right instanceof OipError)) return undefined;
  const made = wrong
    ? restAnswerBody(wrong, asked, form)
    : { body: answer.body, headerLength: lengthIn(answer.headers) };
  return withBody(answer, raw ? restRawChanged(made, raw) : made);
}

function withBody({ headers }: HttpPass['answer'], { body, headerLength }: RestBody): HttpPass['answer'] {
  const binary = headerLength !== undefined;
  const { [headerLengthHeader]: _, ...others } = headers;
  return {
    status: 200,
    headers: {
      ...others,
      'content-type': binary ? 'application/octet-stream' : 'application/json',
      ...(binary && { [headerLengthHeader]: String(headerLength) }),
    },
    body,
  };
}

async function told({ fact }: Behaviour, pass: HttpPass, route: Route) {
  const wrong = await fact?.(restFact(route, pass));
  return wrong && restAnswerOf(route.method, wrong, pass.answer.headers);
}

function errorOf({ status, body }: HttpPass['answer']): OipError {
  const text = body.toString('utf8');
  try {
    return oipErrorFromHttp(status, String((JSON.parse(text) as { error?: unknown }).error ?? text));
  } catch {
    return oipErrorFromHttp(status, text);
  }
}

function lengthIn(headers: IncomingHttpHeaders): number | undefined {
  const value = headers[headerLengthHeader];
  return value === undefined ? undefined : Number(value);
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Headers as they came, name and value by turns, without those of one connection; that it ends is told on. */
function withoutHop(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    const hop = /^(keep-alive|proxy-connection)$/i.test(name) || (/^connection$/i.test(name) && value !== 'close');
    if (!hop) kept.push(name, value);
  }
  return kept;
}
