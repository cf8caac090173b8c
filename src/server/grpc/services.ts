/** Every service of the gRPC port: its definition, and what answers. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { healthService } from '../../protocol/health-service.js';
import { reflectionService, reflectionVersions } from '../../protocol/reflection-service.js';
import { serverServiceDefinition } from '../../protocol/service-definition.js';
import { createCoreRpcs } from './core-rpcs.js';
import { createExtensionRpcs } from './extension-rpcs.js';
import { createHealth, modelOfService } from './health.js';
import { createModelInfer } from './model-infer.js';
import { createModelStreamInfer } from './model-stream-infer.js';
import { createReflection } from './reflection.js';
import type { ServiceParts } from './service-parts.js';
import { createStruckCalls } from './struck-calls.js';
import { calledInference, dropInference } from './struck-inference.js';
import { type Answer, unary } from './unary.js';

export interface Service {
  definition: ServiceDefinition;
  implementation: UntypedServiceImplementation;
}

export function createServices(given: Omit<ServiceParts, 'struck'>): readonly Service[] {
  const { log, limits, streams } = given;
  const struck = createStruckCalls(given);
  const parts: ServiceParts = { ...given, struck };
  const inference = {
    definition: serverServiceDefinition(limits) as unknown as ServiceDefinition,
    implementation: {
      ...unaries({ ...createCoreRpcs(parts), ...createExtensionRpcs(parts) }, parts),
      ModelInfer: unary(createModelInfer(parts), log, { struck, called: calledInference, drop: dropInference }),
      ModelStreamInfer: createModelStreamInfer(parts),
    },
  };
  const { Watch, ...health } = createHealth(parts, streams);
  const reflection = createReflection(streams, parts);
  return [
    inference,
    { definition: healthService, implementation: { ...unaries(health, parts, 'Health/'), Watch } },
    ...reflectionVersions.map((version) => ({
      definition: reflectionService(version),
      implementation: { ServerReflectionInfo: reflection },
    })),
  ];
}

/** The path of every RPC, and the name that it is counted by: with its service where that is not the main one. */
export function methodNames(services: readonly Service[]): Map<string, string> {
  const paths = services.flatMap(({ definition }) => Object.values(definition).map(({ path }) => path));
  return new Map(paths.map((path) => [path, path.replace(/^\/inference\.[^/]*\/|^\/(?:[^/]*\.)?/, '')]));
}

/** Handlers by the names of their methods; `service` is put before those when they are counted. */
function unaries(answers: object, { log, struck }: ServiceParts, service = ''): UntypedServiceImplementation {
  const handlers = Object.entries(answers).map(([method, answer]) => {
    const called = (request: unknown) => ({ rpc: `${service}${method}`, model: modelOf(request) });
    return [method, unary(answer as Answer<unknown, unknown>, log, { struck, called })];
  });
  return Object.fromEntries(handlers) as UntypedServiceImplementation;
}

/** The model that a request of any unary RPC but inference names; empty where it names none. */
function modelOf(request: unknown): string {
  const { name, model_name, repository_name, service } = request as Partial<Record<string, string>>;
  return name || model_name || repository_name || modelOfService(service ?? '');
}
