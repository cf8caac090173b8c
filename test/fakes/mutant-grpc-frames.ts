/** Unary requests and answers of gRPC, from frames and back. */
import type { ClientHttp2Stream, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { GrpcPass } from './mutant-behaviour.js';
import { FrameReader, framed, opened } from './mutant-codings.js';

/** The one message of a request as it can be read; undefined where it is none, or there are several. */
export function readOne(body: Buffer, headers: IncomingHttpHeaders): { body: Buffer; message: Buffer | undefined } {
  const reader = new FrameReader();
  const [frame, ...others] = reader.push(body);
  const isOne = others.length === 0 && reader.rest.byteLength === 0;
  return { body, message: frame && isOne ? opened(frame, headers['grpc-encoding']) : undefined };
}

interface ReadAnswer {
  answer: GrpcPass['answer'];
  /** What the real server compressed its message with. */
  encoding: string | undefined;
}

/** Waits for all of an answer. */
export async function readAnswer(stream: ClientHttp2Stream): Promise<ReadAnswer> {
  let headers: Record<string, string> = {};
  let trailers: Record<string, string> = {};
  stream.on('response', (received) => {
    headers = texts(received);
  });
  stream.on('trailers', (received) => {
    trailers = texts(received);
  });
  const [frame] = new FrameReader().push(await readAll(stream));
  const { 'grpc-status': status, 'grpc-message': words, ...others } = headers;
  return {
    answer: {
      headers: others,
      message: frame && opened(frame, headers['grpc-encoding']),
      trailers: {
        ...(status !== undefined && { 'grpc-status': status }),
        ...(words !== undefined && { 'grpc-message': words }),
        ...trailers,
      },
    },
    encoding: frame?.compressed ? headers['grpc-encoding'] : undefined,
  };
}

/** Sends an answer, its message compressed as the real server's was. */
export function sendAnswer(stream: ServerHttp2Stream, answer: GrpcPass['answer'], encoding: string | undefined): void {
  const { headers, message, trailers, frame } = answer;
  if (message === undefined && frame === undefined) {
    stream.respond({ ...headers, ...trailers }, { endStream: true });
    return;
  }
  stream.respond(headers, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(frame ?? framed(message ?? Buffer.alloc(0), encoding));
}

/** All bytes of a stream, whatever becomes of it. */
export async function readAll(stream: ServerHttp2Stream | ClientHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => {
    stream.once('end', resolve);
    stream.once('close', resolve);
  });
  return Buffer.concat(chunks);
}

function texts(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(withoutDate(headers)).map(([name, value]) => [name, String(value)]));
}

/** Node sets a date of its own. */
export function withoutDate({ date: _, ...headers }: IncomingHttpHeaders): IncomingHttpHeaders {
  return headers;
}
