/** Results about images as text for people. Pure: data in, text out. */
import type { ImageListReport } from '../commands/image-list.js';
import type { ImageLoadReport, ImageRow } from '../commands/image-load.js';
import type { ImageSaveReport } from '../commands/image-save.js';
import type { PullReport } from '../commands/pull.js';

/** The image that the engine has now. */
export function renderPull({ engine, source, reason, reference, id, digest, cached }: PullReport): string {
  if (reference === null) return `No image is needed with ${engine.title}: ${reason}`;
  return [
    `${reference} ${cached ? 'was there already' : 'is there'}`,
    `  source  ${source} (${reason})`,
    `  id      ${id}`,
    ...(digest === null ? [] : [`  digest  ${digest}`]),
    `  engine  ${engine.title} (${engine.reason})`,
  ].join('\n');
}

/** Nothing where the archive itself went to standard output. */
export function renderImageSave({ path, bytes, reference, id }: ImageSaveReport): string {
  if (path === null) return '';
  return `Wrote ${path}, ${(bytes / 1e6).toFixed(1)} MB\n  image  ${reference}\n  id     ${id}`;
}

/** What came in, and how an environment uses it. */
export function renderImageLoad({ engine, images }: ImageLoadReport): string {
  const usable = images.find(({ source, reference }) => source !== null && !reference.startsWith('sha256:'));
  return [
    ...images.map((image) => `Loaded ${imageLine(image)} into ${engine.title}`),
    ...(usable ? [`An environment uses it with image: {reference: "${usable.reference}", pullPolicy: never}`] : []),
  ].join('\n');
}

/** A line for each image of ours. */
export function renderImageList({ engine, images }: ImageListReport): string {
  if (images.length === 0) return `${engine.title} has no images of kserve-env`;
  return images.map(imageLine).join('\n');
}

function imageLine({ reference, id, platform, version, source }: ImageRow): string {
  const what = source === null ? 'not of kserve-env' : `kserve-env ${version ?? 'of an unknown version'}, ${source}`;
  return `${reference} (${what}, ${platform}, ${id.slice(0, 19)})`;
}
