/**
 * ModelInferRequest and ModelInferResponse, straight between wire bytes and the domain's values; client and server
 * share it. The fields are those of proto/inference.proto: a change there has its tag here.
 */
import { assertTensorLimit, type MessageLimits } from '../message-limits.js';
import type { InferRequest, InferResponse, RequestedOutput } from '../tensor.js';
import { ParametersReader, parametersSize, writeParameters } from './parameters.js';
import { decodeTensors, readTensor, type WireTensor } from './tensor-reader.js';
import { measureTensors, writeTensors } from './tensor-writer.js';
import { WireReader } from './wire-reader.js';
import { delimitedSize, textFieldSize, WireWriter } from './wire-writer.js';

/** Tags of the fields that both messages have, and of their own. */
const tags = { modelName: 0x0a, modelVersion: 0x12, id: 0x1a, parameters: 0x22 } as const;
const requestTags = { tensor: 0x2a, output: 0x32, raw: 0x3a } as const;
const responseTags = { tensor: 0x2a, raw: 0x32 } as const;
const outputTags = { name: 0x0a, parameters: 0x12 } as const;
const streamTags = { errorMessage: 0x0a, inferResponse: 0x12 } as const;

/**
 * A request from its bytes, which belong to it from here on: its tensors are views of them where that can be, for which
 * data is moved inside them. Throws RangeError for malformed protobuf; INVALID_ARGUMENT,
 * naming the input, for an unknown datatype, a shape that does not fit the data, typed and raw contents together, and
 * another number of raw entries than inputs; TOO_LARGE for more than `limits` allow, before it is allocated. `onRefused`
 * is told the request's id before any of these is thrown, as far as it was read.
 */
export function decodeInferRequest(
  bytes: Uint8Array,
  limits: Readonly<MessageLimits>,
  onRefused?: (id: string) => void,
): InferRequest {
  const message = new MessageReader('input', bytes, limits);
  try {
    return readInferRequest(message, limits);
  } catch (error) {
    onRefused?.(message.id);
    throw error;
  }
}

function readInferRequest(message: MessageReader, limits: Readonly<MessageLimits>): InferRequest {
  const outputs: RequestedOutput[] = [];
  message.read(requestTags, (reader, tag) => {
    if (tag !== requestTags.output) return false;
    assertTensorLimit(outputs.length + 1, limits, 'requested outputs');
    outputs.push(readRequestedOutput(reader));
    return true;
  });
  const { tensors, form } = message.tensors();
  const { modelName, modelVersion, id, parameters } = message;
  // Named one by one: a spread costs as much as all the rest of a small message.
  return { modelName, modelVersion, id, parameters: parameters.values, inputs: tensors, outputs, form };
}

/** A response from its bytes; throws as decodeInferRequest does. */
export function decodeInferResponse(bytes: Uint8Array, limits: Readonly<MessageLimits>): InferResponse {
  const message = new MessageReader('output', bytes, limits);
  message.read(responseTags, () => false);
  const { tensors, form } = message.tensors();
  const { modelName, modelVersion, id, parameters } = message;
  return { modelName, modelVersion, id, parameters: parameters.values, outputs: tensors, form };
}

/** What both messages have in common, as it is read. */
class MessageReader {
  private readonly reader: WireReader;
  modelName = '';
  modelVersion = '';
  id = '';
  readonly parameters = new ParametersReader();
  private readonly wire: WireTensor[] = [];
  private readonly raw: Buffer[] = [];

  constructor(
    private readonly role: 'input' | 'output',
    bytes: Uint8Array,
    private readonly limits: Readonly<MessageLimits>,
  ) {
    this.reader = new WireReader(bytes);
  }

  /** Reads to the end; `readOther` reads a field that only one of the messages has, and says whether it was one. */
  read(own: { tensor: number; raw: number }, readOther: (reader: WireReader, tag: number) => boolean): void {
    const { reader, limits, role } = this;
    while (!reader.atEnd) {
      const tag = reader.tag();
      if (tag === own.tensor) {
        assertTensorLimit(this.wire.length + 1, limits, `${role}s`);
        this.wire.push(readTensor(reader));
      } else if (tag === own.raw) {
        assertTensorLimit(this.raw.length + 1, limits, `entries in raw_${role}_contents`);
        this.raw.push(reader.delimited());
      } else if (tag === tags.modelName) this.modelName = reader.text();
      else if (tag === tags.modelVersion) this.modelVersion = reader.text();
      else if (tag === tags.id) this.id = reader.text();
      else if (tag === tags.parameters) this.parameters.readEntry(reader);
      else if (!readOther(reader, tag)) reader.skip(tag);
    }
  }

  tensors() {
    return decodeTensors(this.role, this.wire, this.raw, this.reader, this.limits);
  }
}

function readRequestedOutput(reader: WireReader): RequestedOutput {
  const outer = reader.enter();
  const parameters = new ParametersReader();
  let name = '';
  while (!reader.atEnd) {
    const tag = reader.tag();
    if (tag === outputTags.name) name = reader.text();
    else if (tag === outputTags.parameters) parameters.readEntry(reader);
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { name, parameters: parameters.values };
}

/**
 * The bytes of a request. Throws OUT_OF_RANGE for FP16 and BF16 in typed form, and INVALID_ARGUMENT for a parameter
 * beyond 64 bits.
 */
export function encodeInferRequest(request: InferRequest): Buffer {
  const inputs = measureTensors('input', request.inputs, request.form);
  const outputSizes = request.outputs.map(({ name, parameters }) => textFieldSize(name) + parametersSize(parameters));
  let size = headSize(request) + inputs.size;
  for (const outputSize of outputSizes) size += delimitedSize(outputSize);
  const bytes = Buffer.allocUnsafe(size);
  const writer = new WireWriter(bytes, 0);
  writeHead(request, writer);
  writeTensors(inputs, requestTags, writer);
  request.outputs.forEach(({ name, parameters }, index) => {
    writer.delimited(requestTags.output, outputSizes[index] as number);
    writer.textField(outputTags.name, name);
    writeParameters(writer, outputTags.parameters, parameters);
  });
  writer.finish(size);
  return bytes;
}

/** The bytes of a response; throws as encodeInferRequest does. */
export function encodeInferResponse(response: InferResponse): Buffer {
  const message = measureInferResponse(response);
  const bytes = Buffer.allocUnsafe(message.byteLength);
  message.copy(bytes, 0);
  return bytes;
}

/** A message of known size that is written where it is wanted, so that it is never in two places. */
export interface MeasuredMessage {
  readonly byteLength: number;
  /** Writes all of it into `target`, from `start` on, as Buffer.copy does. Returns how many bytes that were. */
  copy(target: Buffer, start: number): number;
}

/** A response, ready to be written; throws as encodeInferRequest does, here and not later. */
export function measureInferResponse(response: InferResponse): MeasuredMessage {
  const measured = measureResponse(response);
  const { size } = measured;
  return {
    byteLength: size,
    copy(target, start) {
      const writer = new WireWriter(target, start);
      writeResponse(measured, writer);
      writer.finish(start + size);
      return size;
    },
  };
}

/** A message of ModelStreamInfer's answer: an error, a response, or in Triton's manner both, to say whose error it is. */
export interface StreamResponse {
  errorMessage?: string;
  response?: InferResponse;
}

/** The bytes of a ModelStreamInferResponse; throws as encodeInferResponse does. */
export function encodeStreamResponse({ errorMessage = '', response }: StreamResponse): Buffer {
  const measured = response && measureResponse(response);
  const size = textFieldSize(errorMessage) + (measured ? delimitedSize(measured.size) : 0);
  const bytes = Buffer.allocUnsafe(size);
  const writer = new WireWriter(bytes, 0);
  writer.textField(streamTags.errorMessage, errorMessage);
  if (measured) {
    writer.delimited(streamTags.inferResponse, measured.size);
    writeResponse(measured, writer);
  }
  writer.finish(size);
  return bytes;
}

/** A ModelStreamInferResponse from its bytes; throws as decodeInferRequest does. */
export function decodeStreamResponse(bytes: Uint8Array, limits: Readonly<MessageLimits>): StreamResponse {
  const reader = new WireReader(bytes);
  const message: StreamResponse = {};
  while (!reader.atEnd) {
    const tag = reader.tag();
    if (tag === streamTags.errorMessage) message.errorMessage = reader.text();
    else if (tag === streamTags.inferResponse) message.response = decodeInferResponse(reader.delimited(), limits);
    else reader.skip(tag);
  }
  return message;
}

function measureResponse(response: InferResponse) {
  const outputs = measureTensors('output', response.outputs, response.form);
  return { response, outputs, size: headSize(response) + outputs.size };
}

function writeResponse({ response, outputs }: ReturnType<typeof measureResponse>, writer: WireWriter): void {
  writeHead(response, writer);
  writeTensors(outputs, responseTags, writer);
}

type Head = Pick<InferRequest, 'modelName' | 'modelVersion' | 'id' | 'parameters'>;

function headSize({ modelName, modelVersion, id, parameters }: Head): number {
  return textFieldSize(modelName) + textFieldSize(modelVersion) + textFieldSize(id) + parametersSize(parameters);
}

function writeHead({ modelName, modelVersion, id, parameters }: Head, writer: WireWriter): void {
  writer.textField(tags.modelName, modelName);
  writer.textField(tags.modelVersion, modelVersion);
  writer.textField(tags.id, id);
  writeParameters(writer, tags.parameters, parameters);
}
