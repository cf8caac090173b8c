/**
 * The scaler as one writes it in an afternoon: grpc-js, messages by @grpc/proto-loader with the options of gRPC's own
 * examples, arrays of numbers, no checks. Prints {"grpcPort": ...}.
 */
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { serveGrpc } from './serve.js';

const proto = fileURLToPath(new URL('../../proto/inference.proto', import.meta.url));
const definition = loadSync(proto, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });
const { GRPCInferenceService } = loadPackageDefinition(definition).inference;

const factor = 2;

/** Elements of a tensor, wherever the client put them. */
function read(input, raw) {
  if (!raw) return input.contents.fp64_contents;
  const elements = [];
  for (let at = 0; at < raw.length; at += 8) elements.push(raw.readDoubleLE(at));
  return elements;
}

function write(elements) {
  const raw = Buffer.alloc(elements.length * 8);
  for (const [index, element] of elements.entries()) raw.writeDoubleLE(element, index * 8);
  return raw;
}

function modelInfer({ request }, callback) {
  const [input] = request.inputs;
  const [raw] = request.raw_input_contents;
  const scaled = read(input, raw).map((element) => element * factor);
  const output = { name: 'scaled_result', datatype: input.datatype, shape: input.shape };
  if (!raw) output.contents = { fp64_contents: scaled };
  callback(null, {
    model_name: request.model_name,
    model_version: '1',
    id: request.id,
    outputs: [output],
    raw_output_contents: raw ? [write(scaled)] : [],
  });
}

await serveGrpc(GRPCInferenceService.service, { ModelInfer: modelInfer });
