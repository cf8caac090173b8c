/**
 * gRPC's server reflection, by which tools such as grpcurl learn a server's messages. Its two versions differ in their
 * package alone.
 * Source: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
import { lazyService } from './lazy-service.js';

export const reflectionVersions = ['v1', 'v1alpha'] as const;

type ReflectionVersion = (typeof reflectionVersions)[number];

/** A question; `message_request` is the name of the one field that is set. */
export interface ReflectionRequest {
  host: string;
  message_request?:
    | 'file_by_filename'
    | 'file_containing_symbol'
    | 'file_containing_extension'
    | 'all_extension_numbers_of_type'
    | 'list_services';
  file_by_filename?: string;
  file_containing_symbol?: string;
  file_containing_extension?: { containing_type: string; extension_number: number };
  all_extension_numbers_of_type?: string;
  list_services?: string;
}

/** The answer to a question, one field of it. */
export interface ReflectionAnswer {
  /** Serialized FileDescriptorProto messages. */
  file_descriptor_response?: { file_descriptor_proto: Uint8Array[] };
  all_extension_numbers_response?: { base_type_name: string; extension_number: number[] };
  list_services_response?: { service: { name: string }[] };
  /** `error_code` is a gRPC status code. */
  error_response?: { error_code: number; error_message: string };
}

export interface ReflectionResponse extends ReflectionAnswer {
  valid_host: string;
  original_request: ReflectionRequest;
}

/** Path of a version's proto file, and its service's full name. */
export const reflectionProto = (version: ReflectionVersion) => `grpc/reflection/${version}/reflection.proto`;
export const reflectionServiceName = (version: ReflectionVersion) => `grpc.reflection.${version}.ServerReflection`;

export function reflectionService(version: ReflectionVersion) {
  return lazyService(reflectionProto(version), reflectionServiceName(version), {
    ServerReflectionInfo: {
      request: 'ServerReflectionRequest',
      response: 'ServerReflectionResponse',
      requestStream: true,
      responseStream: true,
    },
  });
}
