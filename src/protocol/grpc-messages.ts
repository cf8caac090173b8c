/** The small messages of the gRPC service, as protobufjs reads and writes them; those of inference are in wire/. */
import type Long from 'long';
import type { ModelMetadata } from './tensor.js';
import type { WireExtensionMethods } from './wire-extensions.js';

interface WireTensorMetadata {
  name: string;
  datatype: string;
  shape: (Long | number)[];
}

export interface WireModelMetadata {
  name: string;
  versions: string[];
  platform: string;
  inputs: WireTensorMetadata[];
  outputs: WireTensorMetadata[];
}

type Empty = Record<string, never>;

/** Request and response message of every unary RPC but ModelInfer. */
export interface WireMethods extends WireExtensionMethods {
  ServerLive: { request: Empty; response: { live: boolean } };
  ServerReady: { request: Empty; response: { ready: boolean } };
  ModelReady: { request: { name: string; version: string }; response: { ready: boolean } };
  ServerMetadata: { request: Empty; response: { name: string; version: string; extensions: string[] } };
  ModelMetadata: { request: { name: string; version: string }; response: WireModelMetadata };
}

/** Model metadata from its message. */
export function decodeModelMetadata(message: WireModelMetadata): ModelMetadata {
  const tensor = ({ name, datatype, shape }: WireTensorMetadata) => ({ name, datatype, shape: shape.map(Number) });
  return {
    name: message.name,
    versions: [...message.versions],
    platform: message.platform,
    inputs: message.inputs.map(tensor),
    outputs: message.outputs.map(tensor),
  };
}
