/**
 * The gRPC side of a mutant: an HTTP/2 server that asks the real one. A server of grpc-js would put its own refusals,
 * limits and compression in the way; streams of HTTP/2 pass as they are.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { OipError, oipErrorFromGrpc } from '../../src/protocol/status.js';
import { encodeInferRequest, encodeInferResponse } from '../../src/protocol/wire/infer-messages.js';
import { grpcRawChanged, grpcRequest, grpcResponse } from './mutant-answers.js';
import type { Behaviour, GrpcPass } from './mutant-behaviour.js';
import { framed } from './mutant-codings.js';
import { factCodec } from './mutant-facts.js';
import { readAll, readAnswer, readOne, sendAnswer, withoutDate } from './mutant-grpc-frames.js';
import { listeningSide, type MutantSide } from './mutant-side.js';
import { openMutantStream } from './mutant-stream.js';

const service = '/inference.GRPCInferenceService/';
const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;

export async function startMutantGrpc(target: string, behaviour: Behaviour): Promise<MutantSide> {
  const upstreams = new WeakMap<Http2Session, ClientHttp2Session>();
  // Larger than the real server's, which is to refuse.
  const server = createServer({ maxHeaderListPairs: 10_000, settings: { maxHeaderListSize: 1_048_576 } });
  server.on('session', (session) => {
    session.on('error', () => {});
  });
  const upstreamOf = (session: Http2Session): ClientHttp2Session => {
    const known = upstreams.get(session);
    if (known && !known.closed && !known.destroyed) return known;
    const upstream = connect(`http://${target}`, { maxSendHeaderBlockLength: 1_048_576 });
    upstreams.set(session, upstream);
    upstream.on('error', () => session.close());
    session.once('close', () => upstream.destroy());
    return upstream;
  };
  server.on('stream', (stream, came) => {
    const { session } = stream;
    const headers = (behaviour.headers?.(came) ?? came) as IncomingHttpHeaders;
    if (!session) return;
    const upstream = upstreamOf(session);
    stream.on('error', () => {});
    stream.on('aborted', () => behaviour.cancelled?.());
    const path = headers[':path'] ?? '';
    if (
      path === `${service}ModelStreamInfer` &&
      (behaviour.infer || behaviour.raw || behaviour.ask || behaviour.stream)
    ) {
      // The client keeps its own time: the real server's end at the same moment would be an answer of the mutant's.
      const { 'grpc-timeout': _, ...timeless } = headers;
      openMutantStream(stream, asked(upstream, stream, timeless), headers, behaviour);
    } else if (path !== `${service}ModelStreamInfer` && touches(behaviour, path)) {
      change(stream, upstream, headers, behaviour).catch(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    } else passOn(stream, asked(upstream, stream, headers));
  });
  return await listeningSide(server);
}

function touches({ grpc, infer, raw, ask, fact, instead }: Behaviour, path: string): boolean {
  if (grpc && path.startsWith(service)) return true;
  return path === `${service}ModelInfer`
    ? Boolean(infer || raw || ask)
    : Boolean(fact || instead) && factCodec(path) !== undefined;
}

/** The same stream to the real server; each ends with the other. */
function asked(
  upstream: ClientHttp2Session,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): ClientHttp2Stream {
  const made = upstream.request(headers, { endStream: stream.endAfterHeaders });
  made.on('error', () => {});
  stream.on('close', () => {
    if (!made.closed) made.close(stream.rstCode === NGHTTP2_NO_ERROR ? NGHTTP2_CANCEL : stream.rstCode);
  });
  made.on('close', () => {
    if (made.rstCode !== NGHTTP2_NO_ERROR && !stream.closed) stream.close(made.rstCode);
  });
  return made;
}

function passOn(stream: ServerHttp2Stream, upstream: ClientHttp2Stream): void {
  let trailers: IncomingHttpHeaders = {};
  if (!stream.endAfterHeaders) stream.pipe(upstream);
  upstream.on('trailers', (received) => {
    trailers = received;
  });
  upstream.on('response', (headers, flags) => {
    if (stream.destroyed || stream.closed) return;
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(withoutDate(headers), { endStream, waitForTrailers: !endStream });
    if (endStream) return;
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    upstream.pipe(stream);
  });
}

/** A unary call: all of the request, all of the answer, and what is wrong with it. */
async function change(
  stream: ServerHttp2Stream,
  upstream: ClientHttp2Session,
  headers: IncomingHttpHeaders,
  behaviour: Behaviour,
): Promise<void> {
  const path = headers[':path'] ?? '';
  const { body, message } = readOne(await readAll(stream), headers);
  if (stream.closed) return;
  const kept = await instead(behaviour, path, message);
  if (kept) {
    sendAnswer(stream, answerOf(kept, plainAnswer), undefined);
    return;
  }
  const request = path === `${service}ModelInfer` ? grpcRequest(message) : undefined;
  const changed = request && (await behaviour.ask?.(request, 'grpc'));
  const answering = asked(upstream, stream, headers);
  answering.end(changed ? framed(encodeInferRequest(changed), headers['grpc-encoding']) : body);
  const { answer, encoding } = await readAnswer(answering);
  const pass: GrpcPass = { path, headers, request: message, answer };
  const wrong = path === `${service}ModelInfer` ? await inferred(behaviour, pass) : await told(behaviour, pass);
  if (wrong !== undefined) pass.answer = answerOf(wrong, answer);
  pass.answer = (await behaviour.grpc?.(pass)) ?? pass.answer;
  if (stream.destroyed || stream.closed) return;
  sendAnswer(stream, pass.answer, encoding);
}

const plainAnswer: GrpcPass['answer'] = {
  headers: { ':status': '200', 'content-type': 'application/grpc' },
  message: undefined,
  trailers: {},
};

/** What is answered without the real server. */
async function instead(
  behaviour: Behaviour,
  path: string,
  message: Buffer | undefined,
): Promise<Buffer | OipError | undefined> {
  const codec = factCodec(path);
  const request = message && codec?.request(message);
  if (!codec || !request) return undefined;
  const kept = await behaviour.instead?.({ transport: 'grpc', method: codec.name, request });
  return kept && !(kept instanceof OipError) ? codec.write(kept) : kept;
}

/** The answer with another message, or with an error in its place. */
function answerOf(made: Buffer | OipError, { headers, trailers }: GrpcPass['answer']): GrpcPass['answer'] {
  if (made instanceof OipError) {
    const told = { 'grpc-status': String(made.grpcCode), 'grpc-message': encodeURI(made.message) };
    return { headers, message: undefined, trailers: told };
  }
  return { headers, message: made, trailers: trailers['grpc-status'] === '0' ? trailers : { 'grpc-status': '0' } };
}

async function inferred(
  { infer, raw }: Behaviour,
  { request, answer }: GrpcPass,
): Promise<Buffer | OipError | undefined> {
  const right = answer.message ? grpcResponse(answer.message) : errorOf(answer);
  const wrong = await infer?.({ transport: 'grpc', streamed: false, request: grpcRequest(request), answer: right });
  if (wrong instanceof OipError) return wrong;
  const bytes = wrong ? encodeInferResponse(wrong) : answer.message;
  if (raw && bytes) return grpcRawChanged(bytes, raw);
  return wrong && bytes;
}

async function told({ fact }: Behaviour, { path, request, answer }: GrpcPass): Promise<Buffer | OipError | undefined> {
  const codec = factCodec(path);
  const asked = request && codec?.request(request);
  if (!codec || !fact || !asked) return undefined;
  const right = answer.message ? codec.answer(answer.message) : errorOf(answer);
  const wrong = await fact({ transport: 'grpc', method: codec.name, request: asked, answer: right });
  return wrong && !(wrong instanceof OipError) ? codec.write(wrong) : wrong;
}

function errorOf({ trailers }: GrpcPass['answer']): OipError {
  return oipErrorFromGrpc(Number(trailers['grpc-status'] ?? 2), decodeURI(trailers['grpc-message'] ?? ''));
}
