/** What is compressed: a request that the model answers, and what it must get. */
import { deflateSync, gunzipSync, gzipSync, type InputType, inflateSync } from 'node:zlib';
import type { InferCall } from '../../../protocol/client.js';
import { completeCall } from '../../../protocol/infer-call.js';
import { noMessageLimits } from '../../../protocol/message-limits.js';
import { modelPath } from '../../../protocol/rest-client.js';
import { encodeRestRequest, headerLengthHeader } from '../../../protocol/rest-messages.js';
import type { DataForm, InferRequest, InferResponse, Tensor } from '../../../protocol/tensor.js';
import { decodeInferResponse, encodeInferRequest } from '../../../protocol/wire/infer-messages.js';
import { type Case, CaseFailure, CaseSkipped } from '../../case.js';
import { expectTensor } from '../../compare-tensors.js';
import type { Probe } from '../../probe.js';
import { type Route, routeName, type ServerProfile } from '../../profile.js';

export const encodings = ['gzip', 'deflate'] as const;
export type Encoding = (typeof encodings)[number];

/** `deflate` is the zlib format, with HTTP (RFC 9110, section 8.4.1.2) as with gRPC. */
export const compress: Record<Encoding, (bytes: InputType) => Buffer> = { gzip: gzipSync, deflate: deflateSync };
export const decompress: Record<Encoding, (bytes: InputType) => Buffer> = { gzip: gunzipSync, deflate: inflateSync };

export const isEncoding = (name: unknown): name is Encoding => name === 'gzip' || name === 'deflate';

/** Elements that are worth compressing. */
const many = 500;

/** A request that the server answers. */
export interface Subject {
  model: string;
  call: InferCall;
  /** The answer has so many alike elements that it gets smaller by compression. */
  large: boolean;
}

/** Of a model whose mathematics are known, vectors of many elements, so that its answer is worth compressing, too. */
export function subjectOf({ models }: ServerProfile): Subject | undefined {
  const usable = models.filter(({ sample }) => sample !== undefined);
  const large = usable.find(({ metadata: { inputs }, mathematics }) => {
    return mathematics !== undefined && inputs.every(({ datatype, shape }) => datatype === 'FP64' && isVector(shape));
  });
  const chosen = large ?? usable[0];
  if (!chosen?.sample) return undefined;
  const { name, version, sample } = chosen;
  const inputs = large ? sample.inputs.map(lengthened) : sample.inputs;
  return { model: name, call: { modelName: name, modelVersion: version, inputs }, large: large !== undefined };
}

const isVector = (shape: readonly number[]): boolean => shape.length === 1 && shape[0] === -1;

function lengthened({ name }: Tensor): Tensor {
  const data = Float64Array.from({ length: many }, (_, index) => (index % 10) + 0.5);
  return { name, datatype: 'FP64', shape: [many], data };
}

/** What cases of one route have in common. */
export function made(
  { model }: Subject,
  id: string,
  route: Route,
  { title, ...rest }: Pick<Case, 'title' | 'spec' | 'why' | 'run'>,
): Case {
  const name = routeName(route);
  return {
    id: `compression/${id}/${name}`,
    suite: 'compression',
    title: `${title} (${name})`,
    transports: [route.transport],
    model,
    ...rest,
  };
}

/** The bytes of the call's ModelInfer. */
export function messageOf({ call }: Subject, form: DataForm): Buffer {
  return encodeInferRequest(requestOf(call, form));
}

/** The body of the call, and the headers that go with it. */
export function bodyOf({ call }: Subject, form: DataForm): { body: Buffer; headers: Record<string, string> } {
  const { body, headerLength } = encodeRestRequest(requestOf(call, form));
  const type = headerLength === undefined ? 'application/json' : 'application/octet-stream';
  return {
    body,
    headers: {
      'content-type': type,
      ...(headerLength !== undefined && { [headerLengthHeader]: String(headerLength) }),
    },
  };
}

const requestOf = (call: InferCall, form: DataForm): InferRequest => completeCall({ ...call, form });

/** The path of the call's inference over REST. */
export function pathOf({ call: { modelName, modelVersion = '' } }: Subject): string {
  return `${modelPath(modelName, modelVersion)}/infer`;
}

/** An answer of gRPC from its bytes. Throws CaseFailure for bytes that are none. */
export function readMessage(bytes: Buffer): InferResponse {
  return readable(() => decodeInferResponse(bytes, noMessageLimits));
}

/** @throws CaseFailure where what is read throws: the answer is no answer */
export function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CaseFailure(`the answer cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Asks the same without compression.
 * @throws CaseFailure where the answers differ, CaseSkipped where the model does not say the same twice
 */
export async function expectAsPlain(
  probe: Probe,
  { call }: Subject,
  { transport, form }: Route,
  got: InferResponse,
): Promise<void> {
  const plain = await probe.infer(transport, { ...call, form });
  try {
    expectSame(got, plain);
  } catch (error) {
    if (!(error instanceof CaseFailure)) throw error;
    const again = await probe.infer(transport, { ...call, form });
    try {
      expectSame(again, plain);
    } catch {
      throw new CaseSkipped('the model answers the same request with other values each time');
    }
    throw new CaseFailure(`not as without compression: ${error.message}`);
  }
}

function expectSame(got: InferResponse, expected: InferResponse): void {
  if (got.outputs.length !== expected.outputs.length) {
    throw new CaseFailure(`${got.outputs.length} outputs, and not ${expected.outputs.length}`);
  }
  for (const [index, output] of expected.outputs.entries()) expectTensor(got.outputs[index], output);
}
