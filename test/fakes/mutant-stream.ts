/** A ModelStreamInfer through a mutant: each answer is put beside its request, changed, and sent in its turn. */
import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type GrpcFrame, grpcFrame } from '../../src/protocol/grpc-frames.js';
import { OipError, oipError } from '../../src/protocol/status.js';
import type { InferRequest, InferResponse } from '../../src/protocol/tensor.js';
import {
  encodeInferRequest,
  encodeInferResponse,
  encodeStreamResponse,
} from '../../src/protocol/wire/infer-messages.js';
import { grpcRawChanged, grpcRequest, grpcResponse, streamResponseType } from './mutant-answers.js';
import type { Behaviour, StreamOut } from './mutant-behaviour.js';
import { FrameReader, framed, opened } from './mutant-codings.js';

/** Joins a client's stream and the real server's, with what is wrong in between. */
export function openMutantStream(
  client: ServerHttp2Stream,
  server: ClientHttp2Stream,
  headers: IncomingHttpHeaders,
  behaviour: Behaviour,
): void {
  const requests: (InferRequest | undefined)[] = [];
  let trailers: Record<string, string | string[] | undefined> = {};
  let answered: IncomingHttpHeaders = {};
  const open = () => !client.destroyed && !client.closed && !client.writableEnded;

  const right: StreamOut = {
    send(message) {
      if (!open()) return;
      client.write(framed(message, answered['grpc-encoding']));
    },
    end(status) {
      // A stream that ends by itself ends well.
      trailers['grpc-status'] ??= '0';
      if (status) trailers = { 'grpc-status': String(status.grpcCode), 'grpc-message': encodeURI(status.message) };
      if (open()) client.end();
    },
  };
  const out = behaviour.stream?.(right) ?? right;

  const upward = inTurn(client, async (frame) => {
    const message = opened(frame, headers['grpc-encoding']);
    const request = grpcRequest(message);
    requests.push(request);
    const changed = request && (await behaviour.ask?.(request, 'grpc'));
    server.write(changed ? grpcFrame(encodeInferRequest(changed)) : grpcFrame(frame.bytes, frame));
  });
  upward.then(() => server.end());

  server.on('trailers', (received) => {
    trailers = received;
  });
  server.on('response', (received, flags) => {
    const { date: _, ...kept } = received;
    answered = kept;
    if (!open()) return;
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) {
      client.respond(kept, { endStream: true });
      return;
    }
    client.respond(kept, { waitForTrailers: true });
    client.on('wantTrailers', () => client.sendTrailers(trailers));
    const downward = inTurn(server, async (frame) => {
      const message = opened(frame, answered['grpc-encoding']) ?? Buffer.alloc(0);
      out.send(await changedAnswer(message, requests.shift(), behaviour));
    });
    downward.then(() => (server.rstCode === constants.NGHTTP2_NO_ERROR ? out.end() : undefined));
  });
}

/** Handles frame after frame; resolves when the last one is handled. */
function inTurn(
  stream: ServerHttp2Stream | ClientHttp2Stream,
  handle: (frame: GrpcFrame) => Promise<void>,
): Promise<void> {
  const reader = new FrameReader();
  let last = Promise.resolve();
  stream.on('data', (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) last = last.then(() => handle(frame));
  });
  return new Promise((resolve) => stream.once('end', () => last.then(resolve)));
}

async function changedAnswer(
  message: Buffer,
  request: InferRequest | undefined,
  { infer, raw }: Behaviour,
): Promise<Buffer> {
  const { error_message: words, infer_response: inner } = streamResponseType.decode(message) as unknown as {
    error_message: string;
    infer_response: object | null;
  };
  const type = streamResponseType.root.lookupType('inference.ModelInferResponse');
  const bytes = inner ? (type.encode(inner).finish() as Buffer) : Buffer.alloc(0);
  const answer: InferResponse | OipError = words === '' ? grpcResponse(bytes) : oipError('INVALID_ARGUMENT', words);
  const wrong = await infer?.({ transport: 'grpc', streamed: true, request, answer });
  if (wrong instanceof OipError && wrong === answer) return message;
  if (wrong instanceof OipError) {
    return encodeStreamResponse({ errorMessage: wrong.message, response: { ...noResponse, id: request?.id ?? '' } });
  }
  if (!wrong && (!raw || words !== '')) return message;
  const made = wrong ? encodeInferResponse(wrong) : bytes;
  const changed = raw ? grpcRawChanged(made, raw) : made;
  return streamResponseType.encode({ infer_response: type.decode(changed) }).finish() as Buffer;
}

const noResponse: InferResponse = {
  modelName: '',
  modelVersion: '',
  id: '',
  parameters: {},
  outputs: [],
  form: 'typed',
};
