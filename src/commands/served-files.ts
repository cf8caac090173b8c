/** The files of a config's models, as the engine that was chosen can read them. */
import type { LoadedConfig } from '../config/load.js';
import { type ModelFiles, readModelFiles } from '../config/model-files.js';
import type { EngineInfo } from '../engine/engine.js';
import { UsageError } from '../errors.js';

/** A user of the container's own reads the files; on other systems the virtual machine of Docker reads them as anybody. */
const ownUser = process.platform === 'linux';

/**
 * @throws ConfigError for paths that cannot be served, OnnxRuntimeMissingError, and UsageError for a daemon that is not on
 * this machine: it has not got the files
 */
export async function servedFiles(
  loaded: LoadedConfig,
  engine: Pick<EngineInfo, 'kind' | 'endpoint'>,
  { cwd, signal }: { cwd: string; signal: AbortSignal },
): Promise<ModelFiles> {
  const byAnybody = engine.kind !== 'process' && ownUser;
  const found = await readModelFiles(loaded, { byAnybody, cwd, signal });
  if (found.files.length > 0 && engine.kind !== 'process' && !/^(unix|npipe):/.test(engine.endpoint)) {
    throw new UsageError(`The daemon at ${engine.endpoint} is not on this machine, and cannot read its files`, {
      hint: 'use --engine process, or a daemon of this machine',
      details: { files: found.files.map(({ source }) => source) },
    });
  }
  return found;
}
