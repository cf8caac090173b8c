/** `down`: removes the environment from every engine, like `rm -f`: nothing there is success. */
import { engineContext } from '../engine/detect.js';
import type { EngineKind, ImageInfo } from '../engine/engine.js';
import { contentLabel } from '../engine/labels.js';
import { openStateDir } from '../engine/process/state-dir.js';
import { undoneOf } from '../environment/lock.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import { lookUp } from './find-environment.js';

/** Options of `down`. */
export interface DownOptions extends CommonOptions {
  /** Remove the images that kserve-env made, too. */
  rmi?: boolean;
  /** Say what would be removed, and remove nothing. */
  dryRun?: boolean;
}

/** What was removed, or would be. */
export interface DownReport {
  name: string;
  dryRun: boolean;
  removed: { engine: EngineKind; id: string; state: string }[];
  removedImages: string[];
}

/** Removes the environment wherever it is; an engine that cannot be asked is a warning. */
export async function down(options: DownOptions, context: CommandContext): Promise<CommandResult<DownReport>> {
  const { env, signal } = context;
  const dryRun = options.dryRun === true;
  if (!dryRun) await undoneOf(openStateDir(engineContext(env)));
  await using lookup = await lookUp(options, context, 'whatever there is');
  const removed: DownReport['removed'] = [];
  for (const { engine, instance } of lookup.found) {
    if (!dryRun) await engine.remove(instance, signal);
    removed.push({ engine: engine.kind, id: instance.id, state: instance.state });
  }
  const removedImages: string[] = [];
  for (const { images } of options.rmi ? lookup.engines : []) {
    for (const image of (await images?.list(contentLabel, signal)) ?? []) {
      if (!dryRun) await images?.remove(image.id, signal);
      removedImages.push(imageName(image));
    }
  }
  const warnings = lookup.tried
    .filter(({ reachable, outcome }) => !reachable && outcome !== 'does not exist')
    .map(({ endpoint, outcome }) => `Could not look in ${endpoint}: ${outcome}`);
  return { data: { name: lookup.name, dryRun, removed, removedImages }, warnings };
}

function imageName({ tags, id }: ImageInfo): string {
  return tags[0] ?? id;
}
