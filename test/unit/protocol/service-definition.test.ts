import {
  Client,
  credentials,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGrpcClient } from '../../../src/protocol/grpc-client.js';
import {
  clientServiceDefinition,
  type DecodedInferRequest,
  serverServiceDefinition,
  takeInferRequest,
} from '../../../src/protocol/service-definition.js';
import { OipError } from '../../../src/protocol/status.js';
import type { InferRequest, Tensor } from '../../../src/protocol/tensor.js';
import { encodeInferRequest, encodeInferResponse } from '../../../src/protocol/wire/infer-messages.js';

const limits = { maxTensorElements: 4, maxBytesElements: 4, maxTensors: 4 };

/** Answers with its inputs; a model called `typed` in typed form, and one called `wrong` with no response at all. */
const modelInfer: handleUnaryCall<DecodedInferRequest, Buffer> = ({ request }, callback) => {
  try {
    const { inputs, modelName, ...rest } = takeInferRequest(request);
    const form = modelName === 'typed' ? 'typed' : rest.form;
    const answer = encodeInferResponse({ ...rest, modelName, outputs: inputs, form });
    callback(null, modelName === 'wrong' ? Buffer.of(0x0a, 9) : answer);
  } catch (error) {
    if (!(error instanceof OipError)) throw error;
    callback({ code: error.grpcCode, details: error.message });
  }
};

const server = new Server();
let endpoint: string;
let client: Client;
beforeAll(async () => {
  const implementation = { ModelInfer: modelInfer } as unknown as UntypedServiceImplementation;
  server.addService(serverServiceDefinition(limits), implementation);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  endpoint = `127.0.0.1:${port}`;
  client = new Client(endpoint, credentials.createInsecure());
});
afterAll(() => {
  client.close();
  server.forceShutdown();
});

const ints = (...values: number[]): Tensor => ({
  name: 'x',
  datatype: 'INT32',
  shape: [values.length],
  data: Int32Array.from(values),
});
const request = (inputs: Tensor[], more: Partial<InferRequest> = {}): Buffer =>
  encodeInferRequest({
    ...{ modelName: 'm', modelVersion: '', id: 'i', parameters: {}, outputs: [], form: 'typed' },
    ...more,
    inputs,
  });

/** What the server answers to these bytes. */
function call(bytes: Buffer): Promise<Buffer> {
  const { path, requestSerialize, responseDeserialize } = clientServiceDefinition().ModelInfer;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, bytes, (error, answer) =>
      error ? reject(error) : resolve(answer as Buffer),
    );
  });
}
const statusOf = (bytes: Buffer): Promise<object> =>
  call(bytes).then(
    (answer) => ({ answer }),
    ({ code, details }: ServiceError) => ({ code, details }),
  );

describe('ModelInfer in grpc-js', () => {
  it('carries the bytes of the codec both ways', async () => {
    const expected = { modelName: 'm', modelVersion: '', id: 'i', parameters: {}, form: 'typed' as const };
    expect(await call(request([ints(1, -2)]))).toEqual(encodeInferResponse({ ...expected, outputs: [ints(1, -2)] }));
  });

  const half: Tensor = { name: 'h', datatype: 'FP16', shape: [1], data: Uint16Array.of(1) };

  it.each<[string, () => Buffer, number, string]>([
    [
      'a shape that the data do not fill',
      () => request([{ ...ints(1), shape: [2] }]),
      3,
      'input "x": shape [2] needs 2',
    ],
    ['more elements than the limit', () => request([ints(1, 2, 3, 4, 5)]), 8, 'maxTensorElements, 4'],
    ['malformed protobuf', () => request([ints(1)]).subarray(0, -1), 13, 'no ModelInferRequest: malformed protobuf: '],
    ['a result that the form cannot hold', () => request([half], { modelName: 'typed', form: 'raw' }), 11, 'use raw'],
  ])('answers %s with its own status and words', async (_case, bytes, code, says) => {
    expect(await statusOf(bytes())).toEqual({ code, details: expect.stringContaining(says) });
  });

  it('makes an answer that is no protobuf an INTERNAL error of the server, for our client', async () => {
    await using own = createGrpcClient({ endpoint });
    await expect(own.infer({ modelName: 'wrong', inputs: [ints(1)] })).rejects.toMatchObject({
      status: 'INTERNAL',
      message: expect.stringContaining("server's answer is malformed: malformed protobuf"),
    });
  });

  it('tells our client of a tensor that cannot be sent, before it is sent', async () => {
    await using own = createGrpcClient({ endpoint });
    await expect(own.infer({ modelName: 'm', inputs: [half], form: 'typed' })).rejects.toMatchObject({
      status: 'OUT_OF_RANGE',
    });
  });
});
