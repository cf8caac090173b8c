/** The phases that every command has which brings an image into an engine. */
import type { Config } from '../config/schema.js';
import type { EngineContext } from '../engine/detect.js';
import type { PhaseRecorder } from '../environment/phases.js';
import type { EnsuredImage } from '../image/prepare-image.js';
import { type ChosenEngine, chooseEngine } from './choose-engine.js';
import type { CommandContext } from './context.js';

/** Finds the engine. Dispose it. Errors as `chooseEngine`. */
export async function enginePhase(
  phases: PhaseRecorder,
  config: Config,
  engines: EngineContext,
  signal: AbortSignal,
): Promise<ChosenEngine> {
  return await phases.run('engine', async () => {
    const value = await chooseEngine(config.engine, config.image, engines, signal);
    return { value, detail: `${value.info.title}: ${value.reason}` };
  });
}

/**
 * Makes the engine have the image.
 * @throws ImageError
 */
export async function imagePhase(
  phases: PhaseRecorder,
  { engine, image }: ChosenEngine,
  { signal, progress }: CommandContext,
): Promise<EnsuredImage> {
  return await phases.run('image', async () => {
    const value = await image.ensure(engine.images, signal, (detail) => progress.phaseDetail(detail));
    return { ...value, value };
  });
}
