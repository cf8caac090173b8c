/** The image of an environment: what it will be, known before anything is loaded, and how to get it there. */
import type { EngineInfo, ImageStore } from '../engine/engine.js';
import { assembleImage, planImage, serverDigest } from './ensure-image.js';
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
  identity: ImageIdentity;
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
  const identity = (id: string): ImageIdentity => ({ source: kind, id });
  if (kind === 'none') {
    const identify = async () => identity(await serverDigest(bundlePath));
    return {
      reason,
      identify,
      ensure: async () => ({ identity: await identify(), imageId: undefined, cached: true, detail: reason }),
    };
  }
  const assemble = { version, bundlePath, cacheDir };
  return {
    reason,
    identify: async () => identity((await planImage(assemble)).tag),
    async ensure(images, signal) {
      if (images === undefined) throw new Error(`${engine.title} runs no images`);
      const { tag, ...assembled } = await assembleImage(images, { ...assemble, signal });
      return { ...assembled, identity: identity(tag) };
    },
  };
}
