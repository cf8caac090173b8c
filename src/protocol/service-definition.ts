/** The gRPC service as grpc-js wants it: paths, and how each message becomes bytes and comes back. */
import type { MethodDefinition } from '@grpc/grpc-js';
import Long from 'long';
import protobuf from 'protobufjs';
import { readContents, type TensorContents, writeContents } from './contents-wire.js';
import type { WireMethods } from './grpc-messages.js';
import { readProto } from './proto-source.js';

// protobufjs looks for `long` by a dynamic require, which a bundle cannot follow; without it int64 loses bits.
protobuf.util.Long = Long;
protobuf.configure();

const serviceName = 'inference.GRPCInferenceService';

export type WireServiceDefinition = {
  [Method in keyof WireMethods]: MethodDefinition<WireMethods[Method]['request'], WireMethods[Method]['response']>;
};

/** Tensor contents bypass protobufjs (contents-wire.ts says why); messages around them do not notice. */
function replaceContentsCodec(root: protobuf.Root): void {
  const contents = root.lookupType('inference.InferTensorContents').setup();
  contents.decode = ((reader: protobuf.Reader, length?: number) =>
    readContents(reader, length ?? reader.len - reader.pos)) as unknown as typeof contents.decode;
  contents.encode = (message, writer = protobuf.Writer.create()) => writeContents(message as TensorContents, writer);
}

function serializer(type: protobuf.Type) {
  return (message: object) => type.encode(message).finish() as Buffer;
}

let definition: WireServiceDefinition | undefined;

/** The service, parsed from the proto file once a process. */
export function serviceDefinition(): WireServiceDefinition {
  definition ??= buildDefinition();
  return definition;
}

function buildDefinition(): WireServiceDefinition {
  const { root } = protobuf.parse(readProto(), { keepCase: true });
  root.resolveAll();
  replaceContentsCodec(root);
  const methods = root.lookupService(serviceName).methodsArray.map((method) => {
    const request = root.lookupType(`inference.${method.requestType}`);
    const response = root.lookupType(`inference.${method.responseType}`);
    return [
      method.name,
      {
        path: `/${serviceName}/${method.name}`,
        requestStream: method.requestStream ?? false,
        responseStream: method.responseStream ?? false,
        requestSerialize: serializer(request),
        requestDeserialize: (bytes: Buffer) => request.decode(bytes),
        responseSerialize: serializer(response),
        responseDeserialize: (bytes: Buffer) => response.decode(bytes),
        originalName: method.name,
      },
    ] as const;
  });
  return Object.fromEntries(methods) as unknown as WireServiceDefinition;
}
