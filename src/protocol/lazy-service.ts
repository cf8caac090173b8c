/**
 * gRPC services beside the main one, as grpc-js wants them. Their proto files are parsed with the first message: most
 * servers live and die without one, and none should start later or weigh more for it.
 */
import protobuf from 'protobufjs';
import { readProto } from './proto-source.js';

/** Names of a method's messages within its package, and which of the two are streams. */
interface MethodShape {
  request: string;
  response: string;
  requestStream?: boolean;
  responseStream?: boolean;
}

/** A method as grpc-js wants it; messages are protobufjs's, fields with the names of the proto file. */
export interface LazyMethod {
  path: string;
  requestStream: boolean;
  responseStream: boolean;
  requestSerialize(message: object): Buffer;
  requestDeserialize(bytes: Buffer): object;
  responseSerialize(message: object): Buffer;
  responseDeserialize(bytes: Buffer): object;
}

/** The methods of `service`, a name with its package, whose messages stand in the file `proto`. */
export function lazyService<Name extends string>(
  proto: string,
  service: string,
  methods: Readonly<Record<Name, MethodShape>>,
): Record<Name, LazyMethod> {
  let root: protobuf.Root | undefined;
  const type = (name: string): protobuf.Type => {
    root ??= protobuf.parse(readProto(proto), { keepCase: true }).root;
    return root.lookupType(service.replace(/[^.]*$/, name));
  };
  const serializer = (name: string) => (message: object) => type(name).encode(message).finish() as Buffer;
  const deserializer = (name: string) => (bytes: Buffer) => type(name).decode(bytes);
  const definition = Object.entries<MethodShape>(methods).map(([name, shape]): [string, LazyMethod] => [
    name,
    {
      path: `/${service}/${name}`,
      requestStream: shape.requestStream ?? false,
      responseStream: shape.responseStream ?? false,
      requestSerialize: serializer(shape.request),
      requestDeserialize: deserializer(shape.request),
      responseSerialize: serializer(shape.response),
      responseDeserialize: deserializer(shape.response),
    },
  ]);
  return Object.fromEntries(definition) as Record<Name, LazyMethod>;
}
