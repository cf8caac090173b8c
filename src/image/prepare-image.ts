/** The image of an environment: what it will be, known before anything is loaded, and how to get it there. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type EngineInfo, ImageError, type ImageStore } from '../engine/engine.js';
import { assembleImage, planImage } from './ensure-image.js';
import { decideImageSource, type ImageDecision, type ImageWish } from './source.js';

export interface PrepareOptions {
  engine: EngineInfo;
  wish: ImageWish;
  /** Version of kserve-env. */
  version: string;
  /** The server's one file. */
  bundlePath: string;
  cacheDir?: string | undefined;
}

export interface PreparedImage {
  /** Where it comes from, for people. */
  reason: string;
  /** What it is, without asking the engine. The same content has the same identity in every engine. */
  identify(): Promise<ImageIdentity>;
  /**
   * Makes the engine have it.
   * @throws ImageError
   */
  ensure(images: ImageStore | undefined, signal: AbortSignal): Promise<EnsuredImage>;
}

/** `id` is the image's tag, or the server bundle's digest where the engine runs no images. */
export interface ImageIdentity {
  source: ImageDecision['kind'];
  id: string;
}

export interface EnsuredImage {
  /** What to create the instance from; undefined where the engine runs no images. */
  imageId: string | undefined;
  /** It was there already. */
  cached: boolean;
  /** For people. */
  detail: string;
}

/** @throws ImageError when the wish cannot be fulfilled with this engine */
export function prepareImage({ engine, wish, version, bundlePath, cacheDir }: PrepareOptions): PreparedImage {
  const { kind, reason } = decideImageSource(engine, wish, process);
  if (kind === 'none') {
    return {
      reason,
      identify: async () => ({ source: kind, id: await fileDigest(bundlePath) }),
      ensure: async () => ({ imageId: undefined, cached: true, detail: reason }),
    };
  }
  const assemble = { version, bundlePath, cacheDir };
  return {
    reason,
    identify: async () => ({ source: kind, id: (await planImage(assemble)).tag }),
    async ensure(images, signal) {
      if (images === undefined) throw new Error(`${engine.title} runs no images`);
      return assembleImage(images, { ...assemble, signal });
    },
  };
}

async function fileDigest(path: string): Promise<string> {
  try {
    return `sha256:${createHash('sha256')
      .update(await readFile(path))
      .digest('hex')}`;
  } catch (cause) {
    throw new ImageError('IMAGE_ASSEMBLY_FAILED', `The server's file ${path} cannot be read`, {
      cause,
      hint: 'npm run build, in a checkout; else install kserve-env again',
    });
  }
}
