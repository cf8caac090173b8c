/** What each route does: the core of the protocol, and beside it extension-handlers.ts. */
import type { JsonValue } from '../../protocol/json-text.js';
import {
  decodeRestRequest,
  encodeRestResponse,
  headerLengthHeader,
  parseHeaderLength,
} from '../../protocol/rest-messages.js';
import type { InferRequest, TensorMetadata } from '../../protocol/tensor.js';
import { assertInferenceByPlan, assertReadyByPlan } from '../faults/call-facts.js';
import { noteMessageSize } from '../heap.js';
import type { ServerParts } from '../transport.js';
import { acceptedCodings } from './accept-encoding.js';
import { type Answer, encoded, jsonAnswer, restBodyAnswer } from './answer.js';
import { decodeBareRequest } from './bare-request.js';
import { type ExtensionRoute, extensionHandlers } from './extension-handlers.js';
import type { Handler, RouteCall } from './route-call.js';
import type { RouteName } from './routes.js';
import { struckBody } from './struck-inference.js';

export type Handlers = Readonly<Record<RouteName, Handler>>;

/** The handlers of all routes. They throw OipError for whatever cannot be answered. */
export function createHandlers(parts: ServerParts): Handlers {
  const { dataPlane, repository, limits } = parts;
  const core: Record<Exclude<RouteName, ExtensionRoute>, Handler> = {
    ServerLive: () => jsonAnswer(200, { live: dataPlane.serverLive() }),
    ServerReady: ({ plan }) => readiness(dataPlane.serverReady() && !plan?.notReady),
    ServerMetadata: () => jsonAnswer(200, { ...dataPlane.serverMetadata() }),
    ModelReady: ({ model, version, plan }) =>
      readiness(dataPlane.modelReady(model, version) && !plan?.notReady, { name: model }),
    ModelMetadata({ model, version, plan }) {
      assertReadyByPlan(plan, repository, model, version);
      const { inputs, outputs, ...metadata } = dataPlane.modelMetadata(model, version);
      return jsonAnswer(200, { ...metadata, inputs: inputs.map(tensorJson), outputs: outputs.map(tensorJson) });
    },
    async ModelInfer(call) {
      const header = call.headers['accept-encoding'];
      const accepted = header === undefined ? undefined : acceptedCodings(header);
      dataPlane.admit();
      try {
        const request = decodeInfer(parts, call, await call.body());
        if (call.plan) assertInferenceByPlan(call.plan, repository, request);
        const response = await dataPlane.infer(request);
        const { maxSendMessageBytes } = limits;
        const body = call.plan
          ? struckBody(response, request, call.plan, maxSendMessageBytes)
          : encodeRestResponse(response, request, maxSendMessageBytes);
        const answer = restBodyAnswer(body);
        noteMessageSize(answer.body.byteLength);
        return accepted ? await encoded(answer, accepted) : answer;
      } finally {
        dataPlane.release();
      }
    },
  };
  return { ...core, ...extensionHandlers(parts) };
}

function decodeInfer({ dataPlane, limits }: ServerParts, call: RouteCall, body: Buffer): InferRequest {
  const { model, version } = call;
  const headerLength = parseHeaderLength(call.headers[headerLengthHeader]?.toString(), body.byteLength);
  const request =
    headerLength === 0
      ? decodeBareRequest(body, dataPlane.modelMetadata(model, version), version, limits)
      : decodeRestRequest({ body, headerLength }, model, version, limits);
  if (request.id !== '') call.fields.requestId = request.id;
  return request;
}

const tensorJson = ({ name, datatype, shape }: TensorMetadata): JsonValue => ({ name, datatype, shape });

function readiness(ready: boolean, fields: Record<string, string> = {}): Answer {
  return jsonAnswer(ready ? 200 : 503, { ...fields, ready });
}
