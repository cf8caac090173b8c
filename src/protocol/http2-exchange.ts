/** One HTTP/2 request to a gRPC server and its answer, headers and frames as they are: what no gRPC client shows or sends. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { CallOptions } from './client.js';
import { type ConnectionSettings, nodeTlsOptions } from './connection.js';
import { settledCall } from './settled-call.js';
import { oipError } from './status.js';

/** A request: POST with the headers of gRPC, unless `headers` say otherwise. */
export interface Http2Request {
  /** `/package.Service/Method`. */
  path: string;
  /** In lower case; an empty one is not sent. */
  headers?: Readonly<Record<string, string>>;
  /** gRPC frames, or whatever else: grpc-frames.ts. */
  body?: Uint8Array;
}

/** Any answer. gRPC's status is in the trailers, or where there is no message in the headers. */
export interface Http2Answer {
  /** HTTP's. */
  status: number;
  headers: IncomingHttpHeaders;
  trailers: IncomingHttpHeaders;
  body: Buffer;
}

/** Where requests go, over one connection that is opened with the first. Dispose it. */
export interface Http2Sender extends AsyncDisposable {
  /** Resolves to any answer. Throws OipError: UNAVAILABLE where there is none, DEADLINE_EXCEEDED, CANCELLED. */
  send(request: Http2Request, options?: CallOptions): Promise<Http2Answer>;
}

export interface Http2SenderOptions extends ConnectionSettings {
  /** `host:port`. */
  endpoint: string;
}

const grpcHeaders = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };

/** A sender to the gRPC server at `endpoint`. */
export function createHttp2Sender(options: Http2SenderOptions): Http2Sender {
  let session: ClientHttp2Session | undefined;
  const connected = (): ClientHttp2Session => {
    if (!session || session.closed || session.destroyed) session = openSession(options);
    return session;
  };
  return {
    send({ path, headers = {}, body }, call = {}) {
      const sent = Object.entries({ ...grpcHeaders, ...options.headers, ...headers }).filter(
        ([, value]) => value !== '',
      );
      return settledCall(path, call, ({ resolve, reject }) => {
        const stream = connected().request({ ...Object.fromEntries(sent), ':path': path });
        readAnswer(stream, (answer, error) => {
          if (answer) resolve(answer);
          else reject(oipError('UNREACHABLE', `${path}: ${error?.message ?? 'no answer'}`, { cause: error }));
        });
        stream.end(body);
        return () => stream.close(constants.NGHTTP2_CANCEL);
      });
    },
    async [Symbol.asyncDispose]() {
      session?.destroy();
    },
  };
}

/** Tells what came once the server has said all, or the stream is gone: a server may answer before it has read all. */
function readAnswer(stream: ClientHttp2Stream, done: (answer: Http2Answer | undefined, error?: Error) => void): void {
  const chunks: Buffer[] = [];
  let headers: IncomingHttpHeaders | undefined;
  let trailers: IncomingHttpHeaders = {};
  let broken: Error | undefined;
  const end = (): void => {
    if (headers) done({ status: Number(headers[':status']), headers, trailers, body: Buffer.concat(chunks) });
    else done(undefined, broken);
  };
  stream.on('response', (came) => {
    headers = came;
  });
  stream.on('trailers', (came) => {
    trailers = came;
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', (error) => {
    broken = error;
  });
  stream.on('end', () => {
    if (headers) end();
    // Answered before all was read: the rest of it is not wanted any more.
    if (!stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR);
  });
  stream.on('close', end);
}

function openSession({ endpoint, tls }: Http2SenderOptions): ClientHttp2Session {
  const session = connect(`${tls ? 'https' : 'http'}://${endpoint}`, nodeTlsOptions(tls));
  // Every stream tells of it.
  session.on('error', () => {});
  return session;
}
