/**
 * What is done with every call before grpc-js sees it: calls are counted and refused here that grpc-js would not count,
 * or would answer in words that help nobody. Interceptors could not: they come after its own refusals, and cost more.
 */
import { constants, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type Metadata, type Server, status } from '@grpc/grpc-js';
import { faultHeader } from '../../faults/fault-text.js';
import { errorText, type OipError, oipError } from '../../protocol/status.js';
import type { Access } from '../access.js';
import type { FaultSite } from '../faults/fault-site.js';
import type { Logger } from '../telemetry/logger.js';
import type { RequestCounts, RequestFields } from '../telemetry/request-counts.js';
import { struckOutcome } from './call-streams.js';
import { acceptedEncodings, acceptsEncoding, compressAnswers, isCompression } from './compressed-answers.js';
import { createUnfinishedMessages } from './unfinished-messages.js';
import type { UnreadAnswers } from './unread-answers.js';

/** Metadata by which a call that is logged finds its line. It never leaves the server; a client's own is overwritten. */
const callNumberKey = 'kserve-env-call-number';

/** Longest deadline that grpc-js keeps: its timer counts milliseconds in 31 bits, and a longer one ends at once. */
const maxTimeoutSeconds = 2_147_483;
const secondsOfUnit: Readonly<Record<string, number>> = { S: 1, M: 60, H: 3_600 };

export interface IncomingCalls {
  /** Says more of a call than its status, for its line in the log; undefined where no lines are written. */
  readonly describe: ((metadata: Metadata, fields: RequestFields) => void) | undefined;
  /**
   * Puts itself between an HTTP/2 server and its handlers. `methods` has the path of every RPC that is served, and the
   * name that it is counted by.
   */
  guard(http2Server: Http2Server, methods: ReadonlyMap<string, string>): void;
}

export interface IncomingCallsOptions {
  requests: RequestCounts;
  unread: UnreadAnswers;
  faults: FaultSite;
  access: Access;
  /** Bytes of messages that may be on their way. */
  maxUnfinishedBytes: number;
  log: Logger;
}

export function createIncomingCalls(options: IncomingCallsOptions): IncomingCalls {
  const { requests, unread, faults, access, maxUnfinishedBytes, log } = options;
  const unfinished = createUnfinishedMessages({ maxBytes: maxUnfinishedBytes, refuse: refuseUnfinished }, log);
  const lines = new Map<string, RequestFields | undefined>();
  let lastCall = 0;
  const describe: IncomingCalls['describe'] = (metadata, fields) => {
    const [number] = metadata.get(callNumberKey);
    // A call that was given up has had its line already.
    if (typeof number === 'string' && lines.has(number)) lines.set(number, fields);
  };
  const numberOf = (headers: IncomingHttpHeaders): string => {
    const number = String(++lastCall);
    headers[callNumberKey] = number;
    lines.set(number, undefined);
    return number;
  };
  return {
    describe: requests.logged ? describe : undefined,
    guard(http2Server, methods) {
      const [handle] = http2Server.listeners('stream') as StreamListener[];
      http2Server.removeAllListeners('stream');
      const listener: StreamListener = (stream, headers, flags, rawHeaders) => {
        const begun = performance.now();
        const method = methods.get(headers[':path'] ?? '');
        // Of errors of its connection, too; some answers come without a listener.
        stream.on('error', ignore);
        // It may have ended before it is told of, with its connection: whoever answers it then throws.
        if (stream.destroyed) return requests.record('grpc', method ?? 'unknown', 'CANCELLED', begun);
        const number = requests.logged ? numberOf(headers) : '';
        const open = unread.add(stream);
        stream.on('close', () => {
          unread.remove(open);
          unfinished.forget(stream);
          requests.record('grpc', method ?? 'unknown', statusOf(stream), begun, lines.get(number));
          lines.delete(number);
        });
        // What is no gRPC at all is left to grpc-js, which answers it with HTTP's own 415.
        const refusal = isGrpc(headers) ? (accessRefusal(access, headers) ?? refusalOf(method, headers)) : undefined;
        if (refusal) return refuse(stream, refusal);
        if (headers[faultHeader] !== undefined) faults.noteHeader();
        clampTimeout(headers);
        const encoding = headers['grpc-encoding'];
        if (isCompression(encoding) && acceptsEncoding(headers, encoding)) compressAnswers(stream, encoding);
        handle?.call(http2Server, stream, headers, flags, rawHeaders);
        // Only now: a listener that is the first would have the data come before anybody wants it.
        unfinished.watch(stream);
      };
      http2Server.on('stream', listener);
    },
  };
}

const ignore = (): void => {};

type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
) => void;

function isGrpc(headers: IncomingHttpHeaders): boolean {
  return headers['content-type']?.startsWith('application/grpc') ?? false;
}

/** The one call that needs no token. */
const livenessPath = '/inference.GRPCInferenceService/ServerLive';

function accessRefusal(access: Access, { origin, authorization, ':path': path }: IncomingHttpHeaders) {
  const refusal = origin === undefined ? undefined : access.refuseOrigin(String(origin));
  if (refusal) return refusal;
  return access.needsToken && path !== livenessPath ? access.refuseToken(authorization) : undefined;
}

function refusalOf(method: string | undefined, headers: IncomingHttpHeaders): OipError | undefined {
  if (method === undefined) {
    return oipError('UNIMPLEMENTED', `The server does not implement the method ${headers[':path']?.slice(0, 200)}`);
  }
  const encoding = headers['grpc-encoding'];
  if (encoding === undefined || encoding === 'identity' || isCompression(encoding)) return undefined;
  return oipError(
    'UNSUPPORTED_ENCODING',
    `grpc-encoding ${errorText(String(encoding)).slice(0, 100)} is not supported; the server accepts ${acceptedEncodings}`,
  );
}

/** Answers a call without a message, and reads what else comes of it into nothing. */
function refuse(stream: ServerHttp2Stream, { grpcCode, message }: OipError): void {
  stream.resume();
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-accept-encoding': acceptedEncodings,
      'grpc-status': grpcCode,
      'grpc-message': encodeURI(message),
    },
    { endStream: true },
  );
}

/** Ends a call that others handle already, whose message was not whole. */
function refuseUnfinished(stream: ServerHttp2Stream): void {
  if (stream.headersSent) {
    // To its client the code means RESOURCE_EXHAUSTED.
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  const message = 'too many bytes of messages are on their way to this server, and this one waits longest for more';
  refuse(stream, oipError('OVERLOADED', message));
  // It was answered, and no more of it is wanted.
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function clampTimeout(headers: IncomingHttpHeaders): void {
  const timeout = headers['grpc-timeout'];
  if (typeof timeout !== 'string') return;
  const seconds = Number(timeout.slice(0, -1)) * (secondsOfUnit[timeout.slice(-1)] ?? 0);
  if (seconds > maxTimeoutSeconds) headers['grpc-timeout'] = `${maxTimeoutSeconds}S`;
}

/** Name of the gRPC status that a stream was answered with. */
function statusOf(stream: ServerHttp2Stream): string {
  const { sentHeaders, sentTrailers } = stream;
  const code = sentTrailers?.['grpc-status'] ?? sentHeaders?.['grpc-status'];
  if (code !== undefined) return status[Number(code)] ?? 'UNKNOWN';
  // Answered by HTTP alone: no gRPC. Not answered at all: broken by a fault, given up by the client, or cut.
  return sentHeaders && Number(sentHeaders[':status']) !== 200 ? 'UNKNOWN' : (struckOutcome(stream) ?? 'CANCELLED');
}

/**
 * The HTTP/2 server behind the one injector of `server`. grpc-js keeps it to itself; its settings (the size of headers)
 * and its streams cannot be reached otherwise. The server is bundled with the edition of grpc-js that it was tested with.
 * Throws where that edition keeps it elsewhere.
 */
export function http2ServerOf(server: Server): Http2Server {
  const { http2Servers } = server as unknown as { http2Servers?: Map<Http2Server, unknown> };
  const [http2Server] = http2Servers?.keys() ?? [];
  if (!http2Server) throw new Error('grpc-js has no http2Servers: look where it keeps its HTTP/2 server now');
  return http2Server;
}
