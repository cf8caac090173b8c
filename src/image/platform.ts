/** Platforms, compared. Pure. */
import type { EngineInfo } from '../engine/engine.js';
import type { ImageInfo } from '../engine/image-store.js';

const aliases: Record<string, string> = { x86_64: 'amd64', aarch64: 'arm64' };

/** Whether two names are of the same architecture; kernels and Docker have names of their own. */
export function sameArchitecture(one: string, other: string): boolean {
  return (aliases[one] ?? one) === (aliases[other] ?? other);
}

/**
 * What differs between the platform of an image and the one that is wanted, for people; undefined where nothing does, or
 * where the engine does not tell.
 * @param wanted `linux/arm64` as configured; the engine's own when absent
 */
export function platformProblem(
  image: Pick<ImageInfo, 'os' | 'architecture'>,
  engine: Pick<EngineInfo, 'os' | 'architecture' | 'title'>,
  wanted?: string,
): string | undefined {
  const [os = '', architecture = ''] = (wanted ?? `${engine.os}/${engine.architecture}`).split('/');
  if (image.os === '' || image.architecture === '') return undefined;
  if (image.os === os && sameArchitecture(image.architecture, architecture)) return undefined;
  const who = wanted === undefined ? `${engine.title} runs` : 'image.platform is';
  return `the image is for ${image.os}/${image.architecture}, ${who} ${os}/${architecture}`;
}
