/** The desired environment of a config, as this version of kserve-env makes it. */
import type { ModelFiles } from '../config/model-files.js';
import type { Config } from '../config/schema.js';
import type { Access } from '../environment/access.js';
import { desiredSpec, type EnvironmentSpec } from '../environment/spec.js';
import { packageVersion } from './package-info.js';

/** The spec of a config with this package's version in it; `access` is needed where it wants TLS or a token. */
export function specOfConfig(
  config: Config,
  modelFiles: ModelFiles,
  image: EnvironmentSpec['image'],
  access?: Access,
): EnvironmentSpec {
  return desiredSpec({ config, modelFiles, image, version: packageVersion(), access });
}
