/** `image list`: the images of ours that the engine has. */
import type { EngineInfo } from '../engine/engine.js';
import { contentLabel } from '../engine/labels.js';
import { connectImages } from './connect-images.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import { type ImageRow, imageRow } from './image-load.js';

/** What there is. */
export interface ImageListReport {
  engine: EngineInfo;
  images: ImageRow[];
}

/** @throws EngineUnreachableError */
export async function imageList(
  options: CommonOptions,
  context: CommandContext,
): Promise<CommandResult<ImageListReport>> {
  await using connected = await connectImages(options, context);
  const { images, info } = connected;
  const listed = await images.list(contentLabel, context.signal);
  const rows = listed.map((image) => imageRow(image.tags[0] ?? image.id, image));
  return {
    data: { engine: info, images: rows.sort((one, other) => (one.reference < other.reference ? -1 : 1)) },
    warnings: [],
  };
}
