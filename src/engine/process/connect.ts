/** Makes the process engine for this user and machine. */
import type { Engine } from '../engine.js';
import { processEngine } from './process-engine.js';
import { serverBundlePath } from './server-bundle.js';
import { openStateDir, type StateDirContext } from './state-dir.js';

/**
 * The engine over this user's state directory.
 * @throws EngineFailedError when no state directory can be written
 */
export function localProcesses(context: StateDirContext & { serverBundle?: () => string }): Engine {
  return processEngine({
    stateDir: openStateDir(context),
    tempDir: context.tempDir,
    serverBundle: context.serverBundle ?? serverBundlePath,
    env: context.env,
  });
}
