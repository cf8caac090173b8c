/** Every service of the gRPC port: its definition, and what answers. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { healthService } from '../../protocol/health-service.js';
import { reflectionService, reflectionVersions } from '../../protocol/reflection-service.js';
import { serverServiceDefinition } from '../../protocol/service-definition.js';
import type { Logger } from '../telemetry/logger.js';
import { createCoreRpcs } from './core-rpcs.js';
import { createExtensionRpcs } from './extension-rpcs.js';
import { createHealth } from './health.js';
import { createModelInfer } from './model-infer.js';
import { createModelStreamInfer } from './model-stream-infer.js';
import { createReflection } from './reflection.js';
import type { ServiceParts } from './service-parts.js';
import { type Answer, unary } from './unary.js';

export interface Service {
  definition: ServiceDefinition;
  implementation: UntypedServiceImplementation;
}

export function createServices(parts: ServiceParts): readonly Service[] {
  const { dataPlane, extensions, log, limits, streams } = parts;
  const inference = {
    definition: serverServiceDefinition(limits) as unknown as ServiceDefinition,
    implementation: {
      ...unaries({ ...createCoreRpcs(dataPlane), ...createExtensionRpcs(extensions) }, log),
      ModelInfer: unary(createModelInfer(parts), log),
      ModelStreamInfer: createModelStreamInfer(parts),
    },
  };
  const { Watch, ...health } = createHealth(parts, streams);
  const reflection = createReflection(streams, log);
  return [
    inference,
    { definition: healthService, implementation: { ...unaries(health, log), Watch } },
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

function unaries(answers: object, log: Logger): UntypedServiceImplementation {
  const handlers = Object.entries(answers).map(([method, answer]) => [
    method,
    unary(answer as Answer<unknown, unknown>, log),
  ]);
  return Object.fromEntries(handlers) as UntypedServiceImplementation;
}
