/** Clients of the gRPC port that share nothing with ours but the proto files, and one that writes and reads frames itself. */
import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { fileURLToPath } from 'node:url';
import {
  type CallOptions,
  type ChannelOptions,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

type Message = Record<string, unknown>;

const includeDirs = [fileURLToPath(new URL('../../../proto', import.meta.url))];
const loading = { keepCase: true, longs: String, enums: String, oneofs: true, defaults: true, includeDirs };

export const inferenceService = { proto: 'inference.proto', service: 'inference.GRPCInferenceService' };
export const healthService = { proto: 'grpc/health/v1/health.proto', service: 'grpc.health.v1.Health' };
export const reflectionService = (version: 'v1' | 'v1alpha') => ({
  proto: `grpc/reflection/${version}/reflection.proto`,
  service: `grpc.reflection.${version}.ServerReflection`,
});

export interface ServiceClient extends Disposable {
  unary(method: string, message?: Message, options?: CallOptions): Promise<Message>;
  /** A call whose answers are a stream. */
  watch(method: string, message?: Message): ClientReadableStream<Message>;
  /** A call whose requests and answers are streams. */
  open(method: string, metadata?: Record<string, string>): ClientDuplexStream<Message, Message>;
}

export function createServiceClient(
  endpoint: string,
  { proto, service } = inferenceService,
  options: ChannelOptions = {},
): ServiceClient {
  let found: unknown = loadPackageDefinition(loadSync(proto, loading));
  for (const part of service.split('.')) found = (found as Record<string, unknown>)[part];
  const client = new (found as ServiceClientConstructor)(endpoint, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    ...options,
  });
  const method = (name: string) => client[name]?.bind(client) as unknown as (...args: unknown[]) => unknown;
  return {
    unary: (name, message = {}, callOptions = {}) =>
      new Promise((resolve, reject) => {
        const done = (error: ServiceError | null, response: Message) => (error ? reject(error) : resolve(response));
        method(name)(message, callOptions, done);
      }),
    watch: (name, message = {}) => method(name)(message) as ClientReadableStream<Message>,
    open(name, values = {}) {
      const metadata = new Metadata();
      for (const [key, value] of Object.entries(values)) metadata.set(key, value);
      return method(name)(metadata) as ClientDuplexStream<Message, Message>;
    },
    [Symbol.dispose]: () => client.close(),
  };
}

/** What a stream says, one event after the other: a message, its end, or the error that it ends with. */
export function eventsOf(stream: ClientReadableStream<Message> | ClientDuplexStream<Message, Message>) {
  const events: unknown[] = [];
  let wake = (): void => {};
  const add = (event: unknown): void => {
    events.push(event);
    wake();
  };
  stream.on('data', add);
  stream.on('end', () => add('end'));
  stream.on('error', (error: ServiceError) => add({ code: error.code, details: error.details }));
  return {
    async next(): Promise<unknown> {
      while (events.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return events.shift();
    },
  };
}

/** A request of one FP64 tensor for a model. */
export const inferMessage = (model: string, values: readonly number[] = [1], more: Message = {}): Message => ({
  model_name: model,
  inputs: [{ name: 'x', datatype: 'FP64', shape: [values.length], contents: { fp64_contents: values } }],
  ...more,
});

const inferDefinition = loadSync(inferenceService.proto, loading)[inferenceService.service] as unknown as Record<
  string,
  {
    requestSerialize: (message: Message) => Buffer;
    responseDeserialize: (bytes: Buffer) => Message;
  }
>;

/** Bytes of a method's request, and the message of its answer's bytes. */
export const encodeRequest = (method: string, message: Message): Buffer =>
  (inferDefinition[method] as { requestSerialize: (value: Message) => Buffer }).requestSerialize(message);
export const decodeResponse = (method: string, bytes: Buffer): Message =>
  (inferDefinition[method] as { responseDeserialize: (value: Buffer) => Message }).responseDeserialize(bytes);

/** A message in its frame: flag, length, bytes. */
export function frame(bytes: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([head, bytes]);
}

export interface RawAnswer {
  headers: IncomingHttpHeaders;
  /** With the status and details of the call, wherever the server put them. */
  trailers: IncomingHttpHeaders;
  frames: { flag: number; bytes: Buffer }[];
  /** Code of HTTP/2 that the stream was reset with; 0 for none. */
  reset: number;
}

/** A connection whose settings both sides know: a server's limits hold once a client has confirmed them. */
export async function connectRaw(endpoint: string): Promise<ClientHttp2Session> {
  const session = connect(`http://${endpoint}`);
  session.on('error', () => {});
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  await new Promise((resolve) => session.ping(resolve));
  return session;
}

/** Headers of a call to a method of the inference service, or to a path. */
export const callHeaders = (method: string, more: OutgoingHttpHeaders = {}): OutgoingHttpHeaders => ({
  ':method': 'POST',
  ':path': method.startsWith('/') ? method : `/${inferenceService.service}/${method}`,
  'content-type': 'application/grpc',
  te: 'trailers',
  ...more,
});

/** One call of these headers and this body, to its end. */
export function callRaw(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body: Uint8Array,
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const stream = session.request(headers);
    const answer: RawAnswer = { headers: {}, trailers: {}, frames: [], reset: 0 };
    const chunks: Buffer[] = [];
    stream.on('response', (received) => {
      answer.headers = received;
      answer.trailers = received;
    });
    stream.on('trailers', (received) => {
      answer.trailers = received;
    });
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('error', () => {});
    stream.on('close', () => {
      answer.reset = stream.rstCode;
      answer.frames = framesOf(Buffer.concat(chunks));
      resolve(answer);
    });
    stream.end(body);
  });
}

function framesOf(bytes: Buffer): RawAnswer['frames'] {
  const frames: RawAnswer['frames'] = [];
  for (let rest = bytes; rest.byteLength >= 5; ) {
    const length = rest.readUInt32BE(1);
    frames.push({ flag: rest.readUInt8(0), bytes: rest.subarray(5, 5 + length) });
    rest = rest.subarray(5 + length);
  }
  return frames;
}
