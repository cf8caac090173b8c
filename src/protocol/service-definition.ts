/**
 * The gRPC service as grpc-js wants it: paths, and how each message becomes bytes and comes back. Inference has the
 * codec in wire/; every other message goes through protobufjs, from the proto file.
 */
import type { MethodDefinition } from '@grpc/grpc-js';
import Long from 'long';
import protobuf from 'protobufjs';
import type { WireMethods } from './grpc-messages.js';
import type { MessageLimits } from './message-limits.js';
import { readProto } from './proto-source.js';
import { OipError, oipError } from './status.js';
import type { InferRequest } from './tensor.js';
import { decodeInferRequest, type MeasuredMessage } from './wire/infer-messages.js';

// protobufjs looks for `long` by a dynamic require, which a bundle cannot follow; without it int64 loses bits.
protobuf.util.Long = Long;
protobuf.configure();

/** Full name of the service of inference. */
export const inferenceServiceName = 'inference.GRPCInferenceService';

/**
 * What the deserializer of an inference makes. grpc-js answers INTERNAL to whatever a deserializer throws, so a refusal
 * comes as a value, for the handler to throw where it keeps its own status, with the request's id as far as it was read.
 */
export type DecodedInferRequest = { request: InferRequest | undefined } | { error: OipError; id: string };

/** Request and response of every RPC, as a server's handlers have them: a response of inference writes itself. */
export interface ServerMethods extends WireMethods {
  ModelInfer: { request: DecodedInferRequest; response: MeasuredMessage };
  ModelStreamInfer: { request: DecodedInferRequest; response: MeasuredMessage };
}

/** Request and response of every RPC, as a client has them: those of inference are their bytes. */
export interface ClientMethods extends WireMethods {
  ModelInfer: { request: Buffer; response: Buffer };
  ModelStreamInfer: { request: Buffer; response: Buffer };
}

type DefinitionOf<Methods extends Record<keyof Methods, { request: unknown; response: unknown }>> = {
  [Method in keyof Methods]: MethodDefinition<Methods[Method]['request'], Methods[Method]['response']>;
};

export type ServerServiceDefinition = DefinitionOf<ServerMethods>;
export type ClientServiceDefinition = DefinitionOf<ClientMethods>;

/** The service for a server that reads requests within `limits`. */
export function serverServiceDefinition(limits: Readonly<MessageLimits>): ServerServiceDefinition {
  return serviceDefinition((bytes) => deserializeInferRequest(bytes, limits)) as unknown as ServerServiceDefinition;
}

let ofClients: ClientServiceDefinition | undefined;

/** The service for a client; the proto file is parsed once. */
export function clientServiceDefinition(): ClientServiceDefinition {
  ofClients ??= serviceDefinition(asIs) as unknown as ClientServiceDefinition;
  return ofClients;
}

/**
 * The request that was decoded, once: grpc-js holds what a deserializer made until the last byte of the answer has left,
 * and with it the memory of the whole request. Throws the refusal that came instead of one.
 */
export function takeInferRequest(decoded: DecodedInferRequest): InferRequest {
  if ('error' in decoded) throw decoded.error;
  const { request } = decoded;
  if (!request) throw new Error('the request was taken already');
  decoded.request = undefined;
  return request;
}

/** INTERNAL for malformed protobuf, as every gRPC server answers; refusals keep the status they have. */
function deserializeInferRequest(bytes: Buffer, limits: Readonly<MessageLimits>): DecodedInferRequest {
  let id = '';
  const onRefused = (read: string): void => {
    id = read;
  };
  try {
    return { request: decodeInferRequest(bytes, limits, onRefused) };
  } catch (error) {
    if (error instanceof OipError) return { error, id };
    if (error instanceof RangeError) {
      return {
        id,
        error: oipError('INTERNAL', `The request is no ModelInferRequest: ${error.message}`, { cause: error }),
      };
    }
    throw error;
  }
}

/**
 * For what is bytes already, and for what grpc-js may treat as bytes: all that its server does with a serialized message is
 * to ask for its byteLength and to copy it behind the head of the frame.
 */
const asIs = <T>(message: T): T => message;

/** A method of the service whose messages are bytes on both sides: for what no codec would write, or read. */
export function bytesMethod(name: string) {
  return {
    path: `/${inferenceServiceName}/${name}`,
    requestSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  };
}

function serviceDefinition(inferRequestDeserialize: (bytes: Buffer) => unknown): Record<string, unknown> {
  const { root } = protobuf.parse(readProto(), { keepCase: true });
  root.resolveAll();
  const methods = root.lookupService(inferenceServiceName).methodsArray.map((method) => {
    const request = root.lookupType(`inference.${method.requestType}`);
    const response = root.lookupType(`inference.${method.responseType}`);
    const codec =
      method.requestType === 'ModelInferRequest'
        ? {
            requestSerialize: asIs,
            requestDeserialize: inferRequestDeserialize,
            responseSerialize: asIs,
            responseDeserialize: asIs,
          }
        : {
            requestSerialize: serializer(request),
            requestDeserialize: (bytes: Buffer) => request.decode(bytes),
            responseSerialize: serializer(response),
            responseDeserialize: (bytes: Buffer) => response.decode(bytes),
          };
    return [
      method.name,
      {
        path: `/${inferenceServiceName}/${method.name}`,
        requestStream: method.requestStream ?? false,
        responseStream: method.responseStream ?? false,
        originalName: method.name,
        ...codec,
      },
    ] as const;
  });
  return Object.fromEntries(methods);
}

function serializer(type: protobuf.Type) {
  return (message: object) => type.encode(message).finish() as Buffer;
}
