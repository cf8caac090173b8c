/** Asks a server in ways that are nobody's client: grpc-js with proto-loader, and node:http. Answers are short texts. */
import { request as httpRequest } from 'node:http';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { root } from '../../scripts/prepare.js';

const definition = protoLoader.loadSync(`${root}proto/inference.proto`, {
  keepCase: true,
  longs: Number,
  defaults: true,
});
const { GRPCInferenceService } = grpc.loadPackageDefinition(definition).inference;
const codeNames = Object.fromEntries(Object.entries(grpc.status).map(([name, code]) => [code, name]));
const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

/** How long a server may think about a call. */
const patienceMs = 20_000;

/**
 * A way to ask the server behind two ports.
 *
 * @param {{ grpcPort: number, httpPort: number }} ports
 */
export function asker({ grpcPort, httpPort }) {
  const client = new GRPCInferenceService(`127.0.0.1:${grpcPort}`, grpc.credentials.createInsecure(), unlimited);
  return {
    /** The answer as a plain object, or `{ code, message }` with the name of the status. */
    grpc(method, message = {}) {
      return new Promise((resolve) => {
        client[method](message, { deadline: Date.now() + patienceMs }, (error, answer) => {
          resolve(error ? { code: codeNames[error.code], message: error.details } : { answer });
        });
      });
    },
    /** Status, headers and body; `status` is the error's code where the connection broke. */
    rest(method, path, { body = '', headers = {} } = {}) {
      return new Promise((resolve) => {
        const options = { port: httpPort, method, path, agent: false, headers, timeout: patienceMs };
        const request = httpRequest(options, async (response) => {
          const chunks = [];
          for await (const chunk of response) chunks.push(chunk);
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
        });
        request.once('error', (error) => resolve({ status: error.code, headers: {}, body: Buffer.alloc(0) }));
        request.once('timeout', () => request.destroy());
        request.end(body);
      });
    },
    close: () => client.close(),
  };
}

const shapeOf = (shape) => `[${shape.join(',')}]`;

/** Every model here is of doubles; another datatype in an answer is worth a word. */
const tensorOf = ({ name, datatype, shape }) => `${name}${datatype === 'FP64' ? '' : ` ${datatype}`} ${shapeOf(shape)}`;

/** Outputs of a gRPC inference with their form, or the status. */
export function grpcOutcome({ code, answer }) {
  if (code) return code;
  const raw = answer.raw_output_contents ?? [];
  const outputs = answer.outputs.map((output, index) => {
    const bytes = raw[index];
    const contents = Object.values(output.contents ?? {}).find((list) => list.length > 0) ?? [];
    const values = bytes ? [...new Float64Array(Uint8Array.from(bytes).buffer)] : contents;
    return `${tensorOf(output)} ${bytes ? 'raw' : 'typed'} ${values.join(' ')}`.trim();
  });
  return outputs.join('; ') || 'no outputs';
}

/** Outputs of a REST inference with their form, or the status. */
export function restOutcome({ status, headers, body }) {
  if (status !== 200) return String(status);
  const header = Number(headers['inference-header-content-length'] ?? body.length);
  const json = JSON.parse(body.subarray(0, header));
  let at = header;
  const outputs = json.outputs.map((output) => {
    const size = output.parameters?.binary_data_size;
    const values =
      size === undefined ? output.data : new Float64Array(Uint8Array.from(body.subarray(at, at + size)).buffer);
    at += size ?? 0;
    return `${tensorOf(output)} ${size === undefined ? 'JSON' : 'binary'} ${[...values].join(' ')}`.trim();
  });
  return `200 ${outputs.join('; ')}`;
}

/** What metadata of a server say, over either transport. */
export function serverOutcome({ answer, body }) {
  const { name, version, extensions } = answer ?? JSON.parse(body);
  return `${name} ${version}; extensions: ${extensions.length > 0 ? extensions.join(', ') : 'none'}`;
}

/** Status and the body's text, cut short. */
export function restText({ status, body }) {
  const text = body.toString().replace(/\s+/g, ' ');
  return `${status} ${text.length > 90 ? `${text.slice(0, 87)}...` : text}`.trim();
}

/** What came of loading or unloading: Triton and MLServer answer with an empty message, KServe with two fields. */
export function repositoryOutcome({ code, answer }) {
  if (code) return code;
  const { model_name: name, isLoaded, isUnloaded } = answer;
  return name ? `OK ${JSON.stringify({ model_name: name, isLoaded, isUnloaded })}` : 'OK, an empty message';
}

/** Status alone. */
export const restStatus = ({ status }) => String(status);

const tensorsOf = (tensors) =>
  tensors.map(({ name, datatype, shape }) => `${name} ${datatype} ${shapeOf(shape)}`).join(', ');

/** What metadata of a model say, over either transport. */
export function metadataOutcome({ code, answer, status, body }) {
  if (code || (status && status !== 200)) return code ?? restText({ status, body });
  const { versions, platform, inputs, outputs } = answer ?? JSON.parse(body);
  const list = versions?.length > 0 ? versions.join(', ') : 'none';
  return `versions: ${list}; platform: ${platform || 'none'}; ${tensorsOf(inputs)} → ${tensorsOf(outputs)}`;
}

/** The answer's fields, or the status. */
export const grpcFields = ({ code, answer }) => code ?? JSON.stringify(answer);

/** Status alone, OK included. */
export const grpcStatus = ({ code }) => code ?? 'OK';
