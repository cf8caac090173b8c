/** The desired environment of a config, as this version of kserve-env makes it. */
import type { Config } from '../config/schema.js';
import { desiredSpec, type EnvironmentSpec } from '../environment/spec.js';
import { packageVersion } from './package-info.js';

export function specOfConfig(config: Config, image: EnvironmentSpec['image']): EnvironmentSpec {
  return desiredSpec({ config, image, version: packageVersion() });
}
