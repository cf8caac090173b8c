import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition, type ServiceClientConstructor, status } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
import descriptor, { type IDescriptorProto, type IFileDescriptorProto } from 'protobufjs/ext/descriptor/index.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServiceClient, eventsOf, reflectionService } from './grpc-clients.js';
import { serve, type TestServer } from './serve.js';

let running: TestServer;
beforeAll(async () => {
  running = await serve();
});
afterAll(() => running[Symbol.asyncDispose]());

/** Answers to these questions, in one stream. */
async function ask(version: 'v1' | 'v1alpha', questions: object[]): Promise<Record<string, unknown>[]> {
  using client = createServiceClient(running.endpoint, reflectionService(version));
  const stream = client.open('ServerReflectionInfo');
  const events = eventsOf(stream);
  for (const question of questions) stream.write(question as Record<string, unknown>);
  const answers: Record<string, unknown>[] = [];
  for (const _ of questions) answers.push((await events.next()) as Record<string, unknown>);
  stream.end();
  expect(await events.next()).toBe('end');
  return answers;
}

const fileOf = (answer: Record<string, unknown> | undefined): IFileDescriptorProto => {
  const response = answer?.file_descriptor_response as { file_descriptor_proto: [Buffer] } | undefined;
  expect(response?.file_descriptor_proto).toHaveLength(1);
  const [bytes] = response?.file_descriptor_proto ?? [Buffer.alloc(0)];
  return descriptor.FileDescriptorProto.decode(bytes) as unknown as IFileDescriptorProto;
};

const files = [
  'inference.proto',
  'grpc/health/v1/health.proto',
  'grpc/reflection/v1/reflection.proto',
  'grpc/reflection/v1alpha/reflection.proto',
];

describe.each(['v1', 'v1alpha'] as const)('server reflection %s', (version) => {
  it('lists the services', async () => {
    const [answer] = await ask(version, [{ host: 'h', list_services: '*' }]);
    expect(answer).toMatchObject({
      valid_host: 'h',
      original_request: { host: 'h', list_services: '*' },
      list_services_response: {
        service: [
          { name: 'inference.GRPCInferenceService' },
          { name: 'grpc.health.v1.Health' },
          { name: 'grpc.reflection.v1.ServerReflection' },
          { name: 'grpc.reflection.v1alpha.ServerReflection' },
        ],
      },
    });
  });

  it('hands out files by name', async () => {
    const answers = await ask(
      version,
      files.map((file_by_filename) => ({ file_by_filename })),
    );
    expect(answers.map((answer) => fileOf(answer).name)).toEqual(files);
  });

  it.each([
    ['inference.GRPCInferenceService', 'inference.proto'],
    ['inference.GRPCInferenceService.ModelInfer', 'inference.proto'],
    ['.inference.ModelInferRequest', 'inference.proto'],
    ['inference.ModelInferRequest.InferInputTensor', 'inference.proto'],
    ['inference.ModelInferRequest.raw_input_contents', 'inference.proto'],
    ['inference.InferParameter.parameter_choice', 'inference.proto'],
    ['inference.DataType', 'inference.proto'],
    ['inference.TYPE_FP64', 'inference.proto'],
    ['grpc.health.v1.Health', 'grpc/health/v1/health.proto'],
    ['grpc.health.v1.HealthCheckResponse.SERVING', 'grpc/health/v1/health.proto'],
    ['grpc.reflection.v1.ServerReflection', 'grpc/reflection/v1/reflection.proto'],
    ['grpc.reflection.v1alpha.ErrorResponse', 'grpc/reflection/v1alpha/reflection.proto'],
  ])('finds the file of %s', async (file_containing_symbol, file) => {
    const [answer] = await ask(version, [{ file_containing_symbol }]);
    expect(fileOf(answer).name).toBe(file);
  });

  it('knows that no message is extended', async () => {
    const [known, unknown, extension] = await ask(version, [
      { all_extension_numbers_of_type: 'inference.ModelInferRequest' },
      { all_extension_numbers_of_type: 'inference.Nothing' },
      { file_containing_extension: { containing_type: 'inference.ModelInferRequest', extension_number: 7 } },
    ]);
    expect(known).toMatchObject({
      all_extension_numbers_response: { base_type_name: 'inference.ModelInferRequest', extension_number: [] },
    });
    for (const answer of [unknown, extension]) {
      expect(answer).toMatchObject({ error_response: { error_code: status.NOT_FOUND } });
    }
  });

  it('answers what it does not know in the stream, and goes on', async () => {
    const answers = await ask(version, [
      { file_by_filename: 'nothing.proto' },
      { file_containing_symbol: 'inference.Nothing' },
      { host: 'h' },
      { file_by_filename: 'inference.proto' },
    ]);
    expect(answers.slice(0, 3).map(({ error_response }) => error_response)).toEqual([
      { error_code: status.NOT_FOUND, error_message: 'the server has no file "nothing.proto"' },
      { error_code: status.NOT_FOUND, error_message: 'the server has no symbol "inference.Nothing"' },
      { error_code: status.INVALID_ARGUMENT, error_message: expect.stringContaining('message_request') },
    ]);
    expect(fileOf(answers[3]).name).toBe('inference.proto');
  });
});

describe('a descriptor', () => {
  it('makes a client that infers, without the proto file', async () => {
    const [answer] = await ask('v1', [{ file_containing_symbol: 'inference.GRPCInferenceService' }]);
    const set = descriptor.FileDescriptorSet.encode({ file: [fileOf(answer)] }).finish();
    const loaded = loadPackageDefinition(loadFileDescriptorSetFromBuffer(Buffer.from(set), { keepCase: true }));
    const { GRPCInferenceService } = loaded.inference as unknown as Record<string, ServiceClientConstructor>;
    const client = new (GRPCInferenceService as ServiceClientConstructor)(
      running.endpoint,
      credentials.createInsecure(),
    );
    const response = await new Promise((resolve, reject) => {
      client.ModelInfer?.(
        {
          model_name: 'scaler',
          // This client knows no maps in descriptors: they are lists of entries to it, as they are on the wire.
          parameters: [{ key: 'scale_factor', value: { int64_param: 3 } }],
          inputs: [{ name: 'x', datatype: 'FP64', shape: [1], contents: { fp64_contents: [2] } }],
        },
        (error: Error | null, value: unknown) => (error ? reject(error) : resolve(value)),
      );
    });
    expect(response).toMatchObject({ outputs: [{ contents: { fp64_contents: [6] } }] });
    client.close();
  });

  it('names the entries of maps as protoc does, and types in full', async () => {
    const answers = await ask(
      'v1',
      files.map((file_by_filename) => ({ file_by_filename })),
    );
    const messages = answers.flatMap((answer) => {
      const file = fileOf(answer);
      return allMessages(file.messageType ?? [], file.package ?? '');
    });
    const names = new Set(messages.map(({ name }) => name));
    for (const { name, message } of messages) {
      expect(message.options?.mapEntry ?? false).toBe(name.endsWith('Entry'));
      for (const { typeName } of message.field ?? []) {
        if (typeName && typeName !== '.inference.DataType' && !typeName.endsWith('.ServingStatus')) {
          expect(names).toContain(typeName);
        }
      }
    }
    expect(names).toContain('.inference.ModelInferRequest.InferInputTensor.ParametersEntry');
    expect(names).toContain('.grpc.health.v1.HealthListResponse.StatusesEntry');
  });

  it('has every method as the proto file has it', async () => {
    const [answer] = await ask('v1', [{ file_by_filename: 'inference.proto' }]);
    const proto = fileURLToPath(new URL('../../../proto/inference.proto', import.meta.url));
    const declared = Object.values(loadSync(proto)['inference.GRPCInferenceService'] ?? {});
    expect(fileOf(answer).service?.[0]?.method).toEqual(
      declared.map(({ originalName, requestStream, responseStream, requestType, responseType }) =>
        expect.objectContaining({
          name: expect.stringMatching(new RegExp(`^${originalName}$`, 'i')),
          inputType: `.inference.${requestType.type.name}`,
          outputType: `.inference.${responseType.type.name}`,
          ...(requestStream && { clientStreaming: true }),
          ...(responseStream && { serverStreaming: true }),
        }),
      ),
    );
  });
});

/** Messages with their full names, nested ones too. */
function allMessages(messages: IDescriptorProto[], scope: string): { name: string; message: IDescriptorProto }[] {
  return messages.flatMap((message) => {
    const name = `${scope}.${message.name}`.replace(/^\.?/, '.');
    return [{ name, message }, ...allMessages(message.nestedType ?? [], name)];
  });
}
