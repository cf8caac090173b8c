/** gRPC server reflection. What it knows is made with the first question; most servers are never asked. */
import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import { healthProto, healthServiceName } from '../../protocol/health-service.js';
import type { describeProto } from '../../protocol/proto-descriptors.js';
import {
  type ReflectionAnswer,
  type ReflectionRequest,
  type ReflectionResponse,
  reflectionProto,
  reflectionServiceName,
  reflectionVersions,
} from '../../protocol/reflection-service.js';
import { inferenceServiceName } from '../../protocol/service-definition.js';
import { oipError, quoteName } from '../../protocol/status.js';
import type { OpenStreams } from './open-streams.js';
import type { ServiceParts } from './service-parts.js';
import { asGrpcStatus } from './unary.js';

/** Full names of the services that the server has. */
const services = [inferenceServiceName, healthServiceName, ...reflectionVersions.map(reflectionServiceName)];

const protos = ['inference.proto', healthProto, ...reflectionVersions.map(reflectionProto)];

/** The files by their paths and by the names that they declare, and the names of all messages. */
interface Index {
  byPath: Map<string, Uint8Array>;
  bySymbol: Map<string, Uint8Array>;
  messages: Set<string>;
}

let index: Promise<Index> | undefined;

/** Handler of ServerReflectionInfo, the same for all versions. A question without an answer gets an error in the stream. */
export function createReflection(
  streams: OpenStreams,
  { log, struck }: Pick<ServiceParts, 'log' | 'struck'>,
): handleBidiStreamingCall<ReflectionRequest, ReflectionResponse> {
  return (call) => {
    const remove = streams.add(() => call.end());
    call.on('cancelled', remove);
    const answerWith = (known: Index): void => {
      call.on('data', (request: ReflectionRequest) => {
        const sent = call.write({ valid_host: request.host, original_request: request, ...answer(request, known) });
        if (sent) return;
        call.pause();
        call.once('drain', () => call.resume());
      });
      call.on('end', () => call.end());
    };
    const fail = (error: unknown): void => void call.emit('error', asGrpcStatus(error, log));
    const serve = (): void => {
      index ??= import('../../protocol/proto-descriptors.js').then((module) => createIndex(module.describeProto));
      index.then(answerWith).catch(fail);
    };
    if (!struck.active) serve();
    else struck.run(call, { rpc: 'ServerReflection/ServerReflectionInfo', model: '' }, { serve, fail });
  };
}

function createIndex(describe: typeof describeProto): Index {
  const made: Index = { byPath: new Map(), bySymbol: new Map(), messages: new Set() };
  for (const path of protos) {
    const { bytes, messages, symbols } = describe(path);
    made.byPath.set(path, bytes);
    for (const symbol of symbols) made.bySymbol.set(symbol, bytes);
    for (const message of messages) made.messages.add(message);
  }
  return made;
}

function answer(request: ReflectionRequest, { byPath, bySymbol, messages }: Index): ReflectionAnswer {
  switch (request.message_request) {
    case 'list_services':
      return { list_services_response: { service: services.map((name) => ({ name })) } };
    case 'file_by_filename':
      return fileAnswer(byPath, 'file', request.file_by_filename);
    case 'file_containing_symbol':
      return fileAnswer(bySymbol, 'symbol', request.file_containing_symbol?.replace(/^\./, ''));
    case 'file_containing_extension': {
      const { containing_type = '', extension_number = 0 } = request.file_containing_extension ?? {};
      return notFound(`extension ${extension_number} of ${quoteName(containing_type)}`);
    }
    case 'all_extension_numbers_of_type': {
      const name = request.all_extension_numbers_of_type?.replace(/^\./, '') ?? '';
      if (!messages.has(name)) return notFound(`message ${quoteName(name)}`);
      return { all_extension_numbers_response: { base_type_name: name, extension_number: [] } };
    }
    default:
      return refusal(oipError('INVALID_ARGUMENT', 'the question is empty: message_request is not set'));
  }
}

function fileAnswer(files: ReadonlyMap<string, Uint8Array>, what: string, name = ''): ReflectionAnswer {
  const bytes = files.get(name);
  // No file here imports another one, so it is an answer alone.
  return bytes
    ? { file_descriptor_response: { file_descriptor_proto: [bytes] } }
    : notFound(`${what} ${quoteName(name)}`);
}

function notFound(what: string): ReflectionAnswer {
  return refusal(oipError('MODEL_NOT_FOUND', `the server has no ${what}`));
}

function refusal({ grpcCode, message }: ReturnType<typeof oipError>): ReflectionAnswer {
  return { error_response: { error_code: grpcCode, error_message: message } };
}
