/** What each route does: the extensions of the protocol, and those of Triton's that are not served. */
import { type JsonValue, parseJson } from '../../protocol/json-text.js';
import { type JsonObject, readObject, readParameters } from '../../protocol/rest-fields.js';
import { oipError } from '../../protocol/status.js';
import { assertReadyByPlan } from '../faults/call-facts.js';
import { metricsText, prometheusContentType } from '../telemetry/metrics.js';
import type { ServerParts } from '../transport.js';
import { acceptedCodings } from './accept-encoding.js';
import { encoded, jsonAnswer } from './answer.js';
import type { Handler, RouteCall } from './route-call.js';
import type { ServedRoute, UnservedRoute } from './routes.js';
import { configurationJson, statisticsJson } from './triton-forms.js';

/** Routes that are answered here. */
export type ExtensionRoute =
  | UnservedRoute
  | Extract<ServedRoute, `Repository${string}` | 'ModelStatistics' | 'ModelConfig' | 'ModelList' | 'Metrics'>;

export function extensionHandlers(parts: ServerParts): Record<ExtensionRoute, Handler> {
  const { dataPlane, extensions, repository, control, limits } = parts;
  const optionalObject = async (call: RouteCall): Promise<JsonObject> => {
    const body = await call.body();
    return body.byteLength === 0 ? {} : readObject(parseJson(body.toString('utf8'), limits.maxJsonDepth), 'body');
  };
  return {
    ...unserved,
    ModelList: () => jsonAnswer(200, { models: dataPlane.modelNames() }),
    async RepositoryIndex(call) {
      const { ready = false } = await optionalObject(call);
      if (typeof ready !== 'boolean') throw oipError('INVALID_ARGUMENT', 'ready: expected true or false');
      return jsonAnswer(
        200,
        extensions.repositoryIndex({ ready }).map((entry): JsonValue => ({ ...entry })),
      );
    },
    // KServe's answers; Triton's and MLServer's are empty, and nobody reads them.
    async RepositoryModelLoad(call) {
      await extensions.loadModel(call.model, readParameters((await optionalObject(call)).parameters, 'parameters'));
      return jsonAnswer(200, { name: call.model, load: true });
    },
    async RepositoryModelUnload(call) {
      await extensions.unloadModel(call.model, readParameters((await optionalObject(call)).parameters, 'parameters'));
      return jsonAnswer(200, { name: call.model, unload: true });
    },
    async ModelStatistics({ model, version }) {
      const entries = await extensions.modelStatistics(model, version);
      return jsonAnswer(200, { model_stats: entries.map(statisticsJson) });
    },
    ModelConfig({ model, version, plan }) {
      assertReadyByPlan(plan, repository, model, version);
      return jsonAnswer(200, configurationJson(extensions.modelConfig(model, version)));
    },
    async Metrics({ headers }) {
      const accepted = acceptedCodings(headers['accept-encoding']);
      const text = metricsText(await control.counts(), { version: dataPlane.serverMetadata().version });
      const answer = { status: 200, contentType: prometheusContentType, body: Buffer.from(text, 'utf8') };
      return await encoded(answer, accepted);
    },
  };
}

function notServed(name: UnservedRoute): Handler {
  return () => {
    throw oipError('UNIMPLEMENTED', `${name} is an extension of Triton that this server does not have`);
  };
}

const unserved: Record<UnservedRoute, Handler> = {
  TraceSetting: notServed('TraceSetting'),
  LogSettings: notServed('LogSettings'),
  SystemSharedMemoryStatus: notServed('SystemSharedMemoryStatus'),
  SystemSharedMemoryRegister: notServed('SystemSharedMemoryRegister'),
  SystemSharedMemoryUnregister: notServed('SystemSharedMemoryUnregister'),
  CudaSharedMemoryStatus: notServed('CudaSharedMemoryStatus'),
  CudaSharedMemoryRegister: notServed('CudaSharedMemoryRegister'),
  CudaSharedMemoryUnregister: notServed('CudaSharedMemoryUnregister'),
};
