/** Bytes for the decoders of protobuf, here, and as messages of every RPC of a running server. */
import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { grpcFrame } from '../../src/protocol/grpc-frames.js';
import { healthService } from '../../src/protocol/health-service.js';
import { defaultMessageLimits, noMessageLimits } from '../../src/protocol/message-limits.js';
import { inferenceServiceName, serverServiceDefinition } from '../../src/protocol/service-definition.js';
import { OipError } from '../../src/protocol/status.js';
import { decodeInferRequest, decodeInferResponse, encodeInferRequest } from '../../src/protocol/wire/infer-messages.js';
import { mutateProtobuf } from './mutate-protobuf.js';
import { patienceMs, type Target, thrown, type Verdict, type WireLane } from './target.js';

/** What is said of bytes that are no protobuf, but not what V8 says of an array or a stack that is too large. */
const isRefusal = (error: Error): boolean =>
  error instanceof OipError ||
  (error instanceof RangeError && !/array|stack|memory|string length/i.test(error.message));

const unaryMethods = Object.values(serverServiceDefinition(defaultMessageLimits)).filter(
  ({ path }) => !path.includes('Infer'),
);

/** RPCs that a message is sent to, inference most of all; those that would unload a model are left out. */
const paths = [
  ...Array<string>(6).fill(`/${inferenceServiceName}/ModelInfer`),
  ...Array<string>(2).fill(`/${inferenceServiceName}/ModelStreamInfer`),
  ...unaryMethods.map(({ path }) => path).filter((path) => !/Model(Load|Unload)$/.test(path)),
  ...Object.values(healthService)
    .map(({ path }) => path)
    .filter((path) => !path.endsWith('/Watch')),
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
];

export const protobufTarget: Target = {
  name: 'protobuf',
  mutate: mutateProtobuf,
  tryHere(input) {
    return decodedTwice(input) ?? decodedResponse(input) ?? decodedUnary(input);
  },
  openLane: ({ grpcPort }) => openCalls(grpcPort),
};

/** A request that is read must be written so that it is read, and written, the same again. */
function decodedTwice(input: Buffer): Verdict {
  let written: Buffer;
  try {
    // The decoder moves data within the bytes that it is given.
    written = Buffer.from(encodeInferRequest(decodeInferRequest(Buffer.from(input), defaultMessageLimits)));
  } catch (error) {
    return thrown(error, isRefusal);
  }
  try {
    const again = encodeInferRequest(decodeInferRequest(Buffer.from(written), noMessageLimits));
    return written.equals(again) ? undefined : 'is written in another way when it was read again';
  } catch (error) {
    return thrown(error, () => false);
  }
}

function decodedResponse(input: Buffer): Verdict {
  try {
    decodeInferResponse(Buffer.from(input), noMessageLimits);
    return undefined;
  } catch (error) {
    return thrown(error, isRefusal);
  }
}

function decodedUnary(input: Buffer): Verdict {
  const method = unaryMethods[input.byteLength % unaryMethods.length];
  try {
    method?.requestDeserialize(Buffer.from(input));
    return undefined;
  } catch (error) {
    // grpc-js answers INTERNAL to whatever protobufjs throws.
    return thrown(error, () => true);
  }
}

function openCalls(port: number): WireLane {
  let session: ClientHttp2Session | undefined;
  const open = (): ClientHttp2Session => {
    if (session && !session.closed && !session.destroyed) return session;
    session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
    return session;
  };
  return {
    try: (input) => call(open(), input),
    [Symbol.dispose]: () => session?.destroy(),
  };
}

function call(session: ClientHttp2Session, input: Buffer): Promise<Verdict> {
  const sum = input.reduce((total, byte) => (total * 31 + byte) >>> 0, input.byteLength);
  const headers: OutgoingHttpHeaders = {
    ':method': 'POST',
    ':path': paths[sum % paths.length],
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  const compressed = sum % 16 === 3;
  if (compressed) headers['grpc-encoding'] = 'gzip';
  let body = grpcFrame(compressed && sum % 32 !== 3 ? gzipSync(input) : input, { compressed });
  if (sum % 64 === 5) body = body.subarray(0, -1);
  if (sum % 64 === 6) body = Buffer.concat([body, body]);
  return new Promise((resolve) => {
    const stream = session.request(headers);
    let status: unknown;
    const settle = (verdict: Verdict): void => {
      clearTimeout(late);
      resolve(verdict);
    };
    const late = setTimeout(() => {
      stream.close(constants.NGHTTP2_CANCEL);
      settle(`is not answered within ${patienceMs} ms, by ${headers[':path']}`);
    }, patienceMs);
    const read = (received: Record<string, unknown>): void => {
      status = received['grpc-status'] ?? status;
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('error', () => {});
    stream.on('close', () => {
      if (status === undefined && stream.rstCode === 0) settle(`has no status, by ${headers[':path']}`);
      else settle(status === '2' ? `is UNKNOWN, by ${headers[':path']}` : undefined);
    });
    stream.resume();
    stream.end(body);
  });
}
