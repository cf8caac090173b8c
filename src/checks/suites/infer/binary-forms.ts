/** The binary tensor data extension: who asks for binary outputs gets them, output by output, and nobody else does. */

import { encodeJsonData } from '../../../protocol/json-data.js';
import { type JsonValue, writeJson } from '../../../protocol/json-text.js';
import { encodeRaw } from '../../../protocol/raw-bytes.js';
import { modelPath } from '../../../protocol/rest-client.js';
import { decodeRestResponse, headerLengthHeader, parseHeaderLength } from '../../../protocol/rest-messages.js';
import type { InferResponse, Tensor } from '../../../protocol/tensor.js';
import { type Case, expectEqual, expectThat } from '../../case.js';
import type { Probe } from '../../probe.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
import { unusual } from '../../verdict.js';
import { routesFor } from '../model-routes.js';
import { expectSameOutputs } from './ask.js';
import { askSample } from './sample.js';

/** Source: https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md */
const spec = "Triton's binary tensor data extension";

/** One way to ask for binary data. */
interface Row {
  id: string;
  title: string;
  /** Which inputs are binary, by their index. */
  input: (index: number) => boolean;
  parameters?: Record<string, JsonValue>;
  /** What each output asks for; absent where the request names no outputs. */
  output?: (index: number) => boolean;
  /** Which outputs must come in binary. */
  expected: (index: number) => boolean;
  /** Inputs or outputs that a model must have for it to say anything. */
  needs?: { inputs?: number; outputs?: number };
}

const all = () => true;
const none = () => false;
const first = (index: number) => index === 0;

const rows: readonly Row[] = [
  {
    id: 'input-alone',
    title: 'binary inputs are answered in JSON where nothing else is asked for',
    input: all,
    expected: none,
  },
  {
    id: 'output-alone',
    title: 'binary_data_output makes the outputs of a JSON request binary',
    input: none,
    parameters: { binary_data_output: true },
    expected: all,
  },
  { id: 'per-output', title: 'binary_data makes an output binary', input: none, output: all, expected: all },
  {
    id: 'one-output',
    title: 'binary_data of one output leaves the other in JSON',
    input: none,
    output: first,
    expected: first,
    needs: { outputs: 2 },
  },
  {
    id: 'output-over-request',
    title: 'binary_data: false of an output counts more than binary_data_output',
    input: all,
    parameters: { binary_data_output: true },
    output: none,
    expected: none,
  },
  {
    id: 'one-input',
    title: 'one input may be binary and the other JSON',
    input: first,
    expected: none,
    needs: { inputs: 2 },
  },
];

/** The cases of a model over REST, where the server has the extension. */
export function binaryCases(server: ServerProfile, model: ModelProfile): Case[] {
  const forms = routesFor(server, model).filter(({ transport }) => transport === 'rest');
  // JSON must be possible, too.
  if (model.sample === undefined || forms.length < 2) return [];
  return [...rowCases(server, model), ...wholeBodyCases(server, model)];
}

function rowCases(server: ServerProfile, model: ModelProfile): Case[] {
  const { metadata, title, name } = model;
  const inputCount = model.sample?.inputs.length ?? 0;
  return rows
    .filter(({ needs: { inputs = 1, outputs = 1 } = {}, output }) => {
      const named = output === undefined || metadata.outputs.length > 0;
      return named && inputCount >= inputs && metadata.outputs.length >= (outputs === 1 ? 0 : outputs);
    })
    .map(
      (row): Case => ({
        id: `infer/binary/${row.id}/${title}`,
        suite: 'infer',
        title: `${title}: ${row.title}`,
        spec: `${spec}: binary_data_size of a tensor, binary_data of a requested output, binary_data_output of the request`,
        why: 'a client reads text where bytes are, or bytes where text is',
        transports: ['rest'],
        model: name,
        run: (probe) => run(server, probe, model, row),
      }),
    );
}

async function run(
  server: ServerProfile,
  probe: Probe,
  model: ModelProfile,
  { input, parameters, output, expected }: Row,
): Promise<string | undefined> {
  const { name, version, metadata, sample } = model;
  const binary: Uint8Array[] = [];
  const inputs = (sample?.inputs ?? []).map((tensor, index) => {
    if (!input(index)) return jsonInput(tensor);
    const bytes = encodeRaw(tensor.datatype, tensor.data);
    binary.push(bytes);
    const { name, datatype, shape } = tensor;
    return { name, datatype, shape, parameters: { binary_data_size: bytes.byteLength } };
  });
  const outputs =
    output && metadata.outputs.map((one, index) => ({ name: one.name, parameters: { binary_data: output(index) } }));
  const json = Buffer.from(writeJson({ ...(parameters && { parameters }), inputs, ...(outputs && { outputs }) }));
  const isBinary = binary.length > 0;
  const answer = await probe.http({
    method: 'POST',
    path: `${modelPath(name, version)}/infer`,
    headers: {
      'content-type': isBinary ? 'application/octet-stream' : 'application/json',
      ...(isBinary && { [headerLengthHeader]: String(json.byteLength) }),
    },
    body: Buffer.concat([json, ...binary]),
  });
  expectEqual('HTTP status', answer.status, 200);
  const length = parseHeaderLength(answer.headers[headerLengthHeader]?.toString(), answer.body.byteLength);
  const text = answer.body.subarray(0, length ?? answer.body.byteLength).toString('utf8');
  const told = (JSON.parse(text) as { outputs: { name: string; parameters?: Record<string, unknown> }[] }).outputs;
  const isSent = told.map((one) => one.parameters?.binary_data_size !== undefined);
  expectEqual(
    'outputs that are binary',
    isSent,
    told.map((_, index) => expected(index)),
  );
  expectThat(isSent.some(Boolean) === (length !== undefined), 'the header does not say whether there is binary data');
  const got: InferResponse = decodeRestResponse({ body: answer.body, headerLength: length });
  const plain = await askSample(probe, model, { transport: 'rest', form: 'typed' });
  if (model.mathematics) expectSameOutputs('in this form', got.outputs, plain.outputs);
  const type = answer.headers['content-type'] ?? 'none';
  const wanted = length === undefined ? 'application/json' : 'application/octet-stream';
  return type.startsWith(wanted) ? undefined : unusual(server, `the content type is ${type} for ${wanted}`);
}

/** A body without any JSON is for models of one input that has a datatype of its own and one open dimension at most. */
function wholeBodyCases(server: ServerProfile, model: ModelProfile): Case[] {
  const { name, version, title, sample, metadata } = model;
  const [input, ...others] = sample?.inputs ?? [];
  const [declared] = metadata.inputs;
  const open = declared?.shape.filter((size) => size === -1).length ?? 2;
  if (input === undefined || others.length > 0 || declared?.datatype === 'ANY' || open > 1) return [];
  if (input.datatype === 'BYTES') return [];
  return [
    {
      id: `infer/binary/whole-body/${title}`,
      suite: 'infer',
      title: `${title}: a body without JSON is the one input in binary`,
      spec: `${spec}, Raw Binary Request: ${headerLengthHeader} of 0, and the whole body is the data of the only input`,
      why: 'what sends files as they are, such as tensors from a camera, is refused',
      transports: ['rest'],
      model: name,
      run: async (probe) => {
        const answer = await probe.http({
          method: 'POST',
          path: `${modelPath(name, version)}/infer`,
          headers: { 'content-type': 'application/octet-stream', [headerLengthHeader]: '0' },
          body: Buffer.from(encodeRaw(input.datatype, input.data)),
        });
        if (answer.status !== 200) return unusual(server, `refused with ${answer.status}`, { Triton: 'taken' });
        const length = parseHeaderLength(answer.headers[headerLengthHeader]?.toString(), answer.body.byteLength);
        const got = decodeRestResponse({ body: answer.body, headerLength: length });
        const plain = await askSample(probe, model, { transport: 'rest', form: 'raw' });
        if (model.mathematics) expectSameOutputs('without JSON', got.outputs, plain.outputs);
        return length === undefined ? unusual(server, 'the answer is JSON', { Triton: 'binary' }) : undefined;
      },
    },
  ];
}

function jsonInput(tensor: Tensor): JsonValue {
  const { name, datatype, shape } = tensor;
  return { name, datatype, shape, data: encodeJsonData(tensor, name).data };
}
