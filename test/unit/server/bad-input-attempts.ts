/** How the rows of the bad input table are sent, in each of the four ways that an inference can come. */
import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http2';
import type { InferCall } from '../../../src/protocol/client.js';
import { OipError } from '../../../src/protocol/status.js';
import type { Tensor } from '../../../src/protocol/tensor.js';
import { callHeaders, callRaw, connectRaw, encodeRequest, frame } from './grpc-clients.js';
import { head, rawConnection } from './raw-http.js';
import type { TestServer } from './serve.js';

export const ways = ['gRPC typed', 'gRPC raw', 'REST JSON', 'REST binary'] as const;
export type Way = (typeof ways)[number];

/** What the server made of it: gRPC's code, HTTP's status, and what it said. */
export interface Outcome {
  grpcCode?: number;
  httpStatus?: number;
  message: string;
  headers?: Record<string, unknown>;
}

/** Resolves to what came of it, whatever that is. */
export type Attempt = (running: TestServer) => Promise<Outcome>;
export type Attempts = Partial<Record<Way, Attempt>>;

/** A tensor of one FP64 element. */
export const tensor = (name: string, more: Partial<Tensor> = {}): Tensor => ({
  name,
  datatype: 'FP64',
  shape: [1],
  data: Float64Array.of(1),
  ...more,
});

/** A call of our own clients, in each of the ways. */
export function called(call: InferCall, among: readonly Way[] = ways): Attempts {
  return Object.fromEntries(
    among.map((way) => {
      const transport = way.startsWith('gRPC') ? 'grpc' : 'rest';
      const form = way === 'gRPC raw' || way === 'REST binary' ? 'raw' : 'typed';
      const attempt: Attempt = async (running) => {
        try {
          await running[transport].infer({ ...call, form });
          return transport === 'grpc' ? { grpcCode: 0, message: '' } : { httpStatus: 200, message: '' };
        } catch (error) {
          if (!(error instanceof OipError)) throw error;
          const { grpcCode, httpStatus, message } = error;
          return transport === 'grpc' ? { grpcCode, message } : { httpStatus, message };
        }
      };
      return [way, attempt];
    }),
  );
}

/** A call of gRPC as it stands: a message of ModelInfer, or the bytes of any body and the headers of any call. */
export function grpc(
  message: object | Uint8Array,
  {
    method = 'ModelInfer',
    flag = 0,
    headers = {},
  }: { method?: string; flag?: number; headers?: OutgoingHttpHeaders } = {},
): Attempt {
  return async (running) => {
    const session = await connectRaw(running.endpoint);
    const bytes =
      message instanceof Uint8Array ? message : encodeRequest('ModelInfer', { model_name: 'identity', ...message });
    const { headers: answered, trailers } = await callRaw(session, callHeaders(method, headers), frame(bytes, flag));
    session.destroy();
    const code = trailers['grpc-status'];
    return {
      ...(code !== undefined && { grpcCode: Number(code) }),
      httpStatus: Number(answered[':status']),
      message: decodeURIComponent(String(trailers['grpc-message'] ?? '')),
    };
  };
}

/** A request of HTTP/1.1 as it stands; without a method and path an inference with the model `identity`. */
export function http(
  body: string | Uint8Array,
  headers: Record<string, string | number> = {},
  line = 'POST /v2/models/identity/infer',
): Attempt {
  return async (running) => {
    using connection = await rawConnection(running.server.httpPort);
    const bytes = Buffer.from(body);
    connection.send(head(line, { 'content-length': bytes.byteLength, ...headers }));
    if (!connection.socket.write(bytes)) await once(connection.socket, 'drain');
    const answer = await connection.answer();
    const message = answer.status < 300 ? '' : (JSON.parse(answer.body) as { error: string }).error;
    return { httpStatus: answer.status, message, headers: answer.headers };
  };
}

/** An inference in JSON with one input, which `more` changes. */
export const json = (more: object = {}, members: object = {}): string =>
  JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP64', shape: [1], data: [1], ...more }], ...members });

/** The same with binary data after the JSON; the input says its size unless `more` does. */
export function binary(data: Uint8Array, more: object = {}, among: { model?: string } = {}): Attempt {
  const sized = { data: undefined, parameters: { binary_data_size: data.byteLength }, ...more };
  const text = json(sized);
  const line = `POST /v2/models/${among.model ?? 'identity'}/infer`;
  return http(Buffer.concat([Buffer.from(text), data]), { 'inference-header-content-length': text.length }, line);
}
