/** A desired environment, as a config makes it, with ports of the system's choice. */
import { configSchema } from '../../../src/config/schema.js';
import type { Instance } from '../../../src/engine/engine.js';
import { desiredSpec, type EnvironmentSpec, instanceSpec } from '../../../src/environment/spec.js';

export const config = configSchema.parse({ ports: { grpc: 'auto', http: 'auto' } });

export const desired: EnvironmentSpec = desiredSpec({
  config,
  image: { source: 'none', id: 'sha256:1' },
  version: '1.2.3',
});

/** What an engine has of an environment that was made from `spec`. */
export function instanceOf(spec: EnvironmentSpec, change: Partial<Instance> = {}): Instance {
  const { name, labels } = instanceSpec('mine', spec, {});
  const endpoints = { host: '127.0.0.1', grpcPort: 1, httpPort: 2 } as const;
  return { name, id: 'a1', state: 'running', labels, endpoints, ...change };
}
