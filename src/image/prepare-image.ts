/** The image of an environment: what it will be, and how to get it there. */
import type { EngineInfo } from '../engine/engine.js';
import type { ImageInfo, ImageStore } from '../engine/image-store.js';
import { type BuildOptions, ensureBuilt, planBuild } from './build-image.js';
import { assembleImage, planImage, serverDigest } from './ensure-image.js';
import { imageVersionLabel, sourceLabel } from './image-archive.js';
import { ensurePulled } from './pull-image.js';
import { parseReference } from './reference.js';
import type { AuthContext } from './registry-auth.js';
import { decideImageSource, type ImageDecision, type ImageWish } from './source.js';

export interface PrepareOptions {
  engine: EngineInfo;
  wish: ImageWish;
  /** Version of kserve-env. */
  version: string;
  /** The server's one file. */
  bundlePath: string;
  /** The Dockerfile to build by. */
  dockerfilePath: string;
  cacheDir?: string | undefined;
  /** Where logins for registries are looked for. */
  auth: Pick<AuthContext, 'env' | 'homeDir'>;
}

export interface PreparedImage {
  /** How it is made available. */
  source: ImageDecision['kind'];
  /** Where it comes from, for people. */
  reason: string;
  /** What it is now. The engine is asked for what a name stands for, and for nothing else. */
  identify(images?: ImageStore, signal?: AbortSignal): Promise<ImageIdentity>;
  /**
   * Makes the engine have it.
   * @param onDetail told what is going on, for people
   * @throws ImageError
   */
  ensure(
    images: ImageStore | undefined,
    signal: AbortSignal,
    onDetail?: (detail: string) => void,
  ): Promise<EnsuredImage>;
}

/**
 * `id` is the image's tag or reference, or the server bundle's digest where the engine runs no images. `digest` is the
 * image's ID where its name does not say what is in it; without it nobody has it yet.
 */
export interface ImageIdentity {
  source: ImageDecision['kind'];
  id: string;
  digest?: string;
}

export interface EnsuredImage {
  identity: ImageIdentity;
  /** What to create the instance from; undefined where the engine runs no images. */
  imageId: string | undefined;
  /** It was there already. */
  cached: boolean;
  /** For people. */
  detail: string;
  /** Worth knowing, and no failure. */
  warnings: string[];
}

/** @throws ImageError when the wish cannot be fulfilled with this engine */
export function prepareImage(options: PrepareOptions): PreparedImage {
  const decision = decideImageSource(options.engine, options.wish, process);
  switch (decision.kind) {
    case 'none':
      return noImage(decision, options);
    case 'host-runtime':
      return hostImage(decision, options);
    case 'build':
      return builtImage(decision, options);
    case 'pull':
      return pulledImage(decision, options);
  }
}

function noImage({ kind, reason }: ImageDecision, { bundlePath }: PrepareOptions): PreparedImage {
  const identify = async () => ({ source: kind, id: await serverDigest(bundlePath) });
  return {
    source: kind,
    reason,
    identify,
    ensure: async () => ({
      identity: await identify(),
      imageId: undefined,
      cached: true,
      detail: reason,
      warnings: [],
    }),
  };
}

function hostImage({ kind, reason }: ImageDecision, options: PrepareOptions): PreparedImage {
  const { version, bundlePath, cacheDir } = options;
  const assemble = { version, bundlePath, cacheDir };
  return {
    source: kind,
    reason,
    identify: async () => ({ source: kind, id: (await planImage(assemble)).tag }),
    async ensure(images, signal) {
      const { tag, ...assembled } = await assembleImage(storeOf(images, options), { ...assemble, signal });
      return { ...assembled, identity: { source: kind, id: tag }, warnings: [] };
    },
  };
}

function builtImage({ kind, reason }: ImageDecision, options: PrepareOptions): PreparedImage {
  const { base } = options.wish;
  const { version, bundlePath, dockerfilePath } = options;
  const build: BuildOptions = { ...pullOptions(options), version, bundlePath, dockerfilePath, base };
  const identity = (id: string, image?: ImageInfo) => ({ source: kind, id, ...(image && { digest: image.id }) });
  return {
    source: kind,
    reason,
    async identify(images, signal) {
      const { tag } = await planBuild(build);
      return identity(tag, await images?.find(tag, signal));
    },
    async ensure(images, signal, onDetail) {
      const store = storeOf(images, options);
      const { image, tag, cached, warnings } = await ensureBuilt(store, { ...build, signal, onDetail });
      return {
        identity: identity(tag, image),
        imageId: image.id,
        cached,
        detail: `${tag}, built on ${base}`,
        warnings,
      };
    },
  };
}

function pulledImage({ kind, reason }: ImageDecision, options: PrepareOptions): PreparedImage {
  const reference = options.wish.reference ?? '';
  const { name } = parseReference(reference);
  const identity = (image?: ImageInfo) => ({ source: kind, id: name, ...(image && { digest: image.id }) });
  return {
    source: kind,
    reason,
    identify: async (images, signal) => identity(await images?.find(name, signal)),
    async ensure(images, signal, onDetail) {
      const pull = { ...pullOptions(options), reference, signal, onDetail };
      const { image, cached, warnings } = await ensurePulled(storeOf(images, options), pull);
      const foreign = foreignWarning(name, image, options.version);
      const detail = `${name}, ${cached ? 'as the engine has it' : 'pulled'}`;
      return {
        identity: identity(image),
        imageId: image.id,
        cached,
        detail,
        warnings: foreign === undefined ? warnings : [...warnings, foreign],
      };
    },
  };
}

function pullOptions({ engine, wish, auth }: PrepareOptions) {
  return { engine, policy: wish.pullPolicy, platform: wish.platform, auth: { ...auth, engine: engine.kind } };
}

/** Nothing keeps an image of somebody else from being the right server; whoever named it by mistake should know. */
function foreignWarning(name: string, { labels }: ImageInfo, version: string): string | undefined {
  const theirs = labels[imageVersionLabel];
  if (labels[sourceLabel] === undefined) return `${name} has no label of kserve-env: its server may not start`;
  if (theirs === version) return undefined;
  return `${name} has the server of kserve-env ${theirs ?? 'of an unknown version'}, this is ${version}`;
}

function storeOf(images: ImageStore | undefined, { engine }: PrepareOptions): ImageStore {
  if (images === undefined) throw new Error(`${engine.title} runs no images`);
  return images;
}
