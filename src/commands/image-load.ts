/** `image load`: brings an image from a file into the engine. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { EngineInfo } from '../engine/engine.js';
import { errorCode } from '../engine/error-code.js';
import { UsageError } from '../errors.js';
import { imageVersionLabel, sourceLabel } from '../image/image-archive.js';
import { type LoadedImage, loadArchive } from '../image/load-archive.js';
import { platformProblem } from '../image/platform.js';
import { connectImages } from './connect-images.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';

/** Options of `image load`. */
export interface ImageLoadOptions extends CommonOptions {
  /** Path of the archive, or `-` for `stdin`. */
  file: string;
  /** Standard input. */
  stdin: Readable & { isTTY?: boolean };
}

/** One image that the engine has now. */
export interface ImageRow {
  /** Its tag, or its ID. */
  reference: string;
  id: string;
  platform: string;
  /** Version of kserve-env; null for an image of somebody else. */
  version: string | null;
  /** How it was made: `host-runtime` or `build`; null for an image of somebody else. */
  source: string | null;
}

/** What was loaded. */
export interface ImageLoadReport {
  engine: EngineInfo;
  images: ImageRow[];
}

/** @throws UsageError, ImageError, EngineUnreachableError */
export async function imageLoad(
  options: ImageLoadOptions,
  context: CommandContext,
): Promise<CommandResult<ImageLoadReport>> {
  const { file, stdin } = options;
  const path = file === '-' ? undefined : await readable(resolve(context.cwd, file));
  if (path === undefined && stdin.isTTY === true)
    throw new UsageError('No archive comes from a terminal', { hint: 'kserve-env image load FILE' });
  await using connected = await connectImages(options, context);
  const { images, info } = connected;
  const archive = path === undefined ? stdin : createReadStream(path, { highWaterMark: 1024 * 1024 });
  const loaded = await loadArchive(images, archive, path ?? 'Standard input', context.signal);
  return {
    data: { engine: info, images: loaded.map(({ reference, image }) => imageRow(reference, image)) },
    warnings: loaded.flatMap((one) => warningsOf(one, info)),
  };
}

/** An image as a row of a table. */
export function imageRow(reference: string, { id, os, architecture, labels }: LoadedImage['image']): ImageRow {
  const source = labels[sourceLabel] ?? null;
  const version = source === null ? null : (labels[imageVersionLabel] ?? null);
  return { reference, id, platform: `${os}/${architecture}`, version, source };
}

function warningsOf({ reference, image }: LoadedImage, info: EngineInfo): string[] {
  const problem = platformProblem(image, info);
  return [
    ...(image.labels[sourceLabel] === undefined
      ? [`${reference} has no label of kserve-env: it is no image of ours`]
      : []),
    ...(problem === undefined ? [] : [`${reference} may not run here: ${problem}`]),
  ];
}

async function readable(path: string): Promise<string> {
  try {
    if ((await stat(path)).isDirectory()) throw new UsageError(`${path} is a directory, not an archive`);
    return path;
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const why = errorCode(cause) === 'ENOENT' ? 'does not exist' : `cannot be read (${errorCode(cause)})`;
    throw new UsageError(`${path} ${why}`, { hint: 'kserve-env image save --output FILE makes an archive', cause });
  }
}
