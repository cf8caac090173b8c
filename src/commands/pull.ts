/** `pull`: makes the image available as the config says, and starts nothing. */
import { loadConfig } from '../config/load.js';
import { engineContext } from '../engine/detect.js';
import type { EngineInfo } from '../engine/engine.js';
import { createPhaseRecorder } from '../environment/phases.js';
import type { CommandContext, CommandResult, CommonOptions, PhaseRecord } from './context.js';
import { enginePhase, imagePhase } from './set-up-phases.js';

/** The image that the engine has now. */
export interface PullReport {
  engine: EngineInfo & { reason: string };
  /** How it was made available; `none` where the engine runs no images. */
  source: 'none' | 'host-runtime' | 'build' | 'pull';
  /** Why so, for people. */
  reason: string;
  /** Tag or digest reference; null where there is no image. */
  reference: string | null;
  id: string | null;
  /** `sha256:…` of its manifest in the registry; null for an image that was not pulled. */
  digest: string | null;
  /** It was there already. */
  cached: boolean;
  phases: PhaseRecord[];
}

/** @throws ConfigError, EngineUnreachableError, ImageError */
export async function pull(options: CommonOptions, context: CommandContext): Promise<CommandResult<PullReport>> {
  const { cwd, env, signal, progress } = context;
  const phases = createPhaseRecorder(progress, () => performance.now());
  const { config } = await loadConfig({ cwd, env, flags: options.flags ?? {} });
  const chosen = await enginePhase(phases, config, engineContext(env), signal);
  const { engine, info, image } = chosen;
  try {
    const { imageId, identity, cached, warnings } = await imagePhase(phases, chosen, context);
    const found = imageId === undefined ? undefined : await engine.images?.find(imageId, signal);
    const data: PullReport = {
      engine: { ...info, reason: chosen.reason },
      source: image.source,
      reason: image.reason,
      reference: imageId === undefined ? null : identity.id,
      id: imageId ?? null,
      digest: (image.source === 'pull' && found?.digests[0]?.split('@')[1]) || null,
      cached,
      phases: phases.records,
    };
    return { data, warnings };
  } finally {
    await engine[Symbol.asyncDispose]();
  }
}
