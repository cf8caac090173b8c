/** The part of the engine port that is about images: what an engine that runs containers does with them. */
import { ExitCode, KServeEnvError, type KServeEnvErrorOptions } from '../errors.js';

export interface ImageInfo {
  id: string;
  /** Digests of the uncompressed layers (OCI `rootfs.diff_ids`), bottom first. */
  layers: string[];
  labels: Record<string, string>;
  tags: string[];
  /** `repository@sha256:…` of the registries that it came from, or went to. */
  digests: string[];
  /** Platform, in Docker's words. */
  os: string;
  architecture: string;
}

/** How far a pull is. Layers that were there before count as done. */
export interface PullProgress {
  layers: { done: number; total: number };
  /** Of what has been announced so far, in bytes; what is unpacked counts as received. */
  bytes: { done: number; total: number };
}

/** Who we are to a registry, in the words of Docker's API. A secret: not to be logged, nor put into an error. */
export type RegistryAuth =
  | { username: string; password: string; serveraddress: string }
  | { identitytoken: string; serveraddress: string };

/** What is pulled. */
export interface PullRequest {
  /** Repository with its registry, as Docker writes it: `node`, `registry.example:5000/team/server`. */
  repository: string;
  /** A tag, or a digest `sha256:…`. */
  tag: string;
  /** `linux/arm64`; the daemon's own when absent. */
  platform?: string | undefined;
  auth?: RegistryAuth | undefined;
  onProgress?: ((progress: PullProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What a registry is asked about. */
export type RemoteImageRequest = Pick<PullRequest, 'repository' | 'tag' | 'auth' | 'signal'>;

/** What is built: a context with a Dockerfile in it. */
export interface BuildRequest {
  /** A tar archive. */
  context: AsyncIterable<Uint8Array>;
  tag: string;
  buildArgs: Record<string, string>;
  platform?: string | undefined;
  /** Each step as the engine tells it. */
  onStep?: ((step: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Image handling of an engine that runs containers. */
export interface ImageStore {
  /** The image under this tag or ID, or undefined. */
  find(reference: string, signal?: AbortSignal): Promise<ImageInfo | undefined>;
  /**
   * Streams a `docker save` archive into the engine. Resolves when the engine has read all of it.
   * @throws ImageError (IMAGE_LOAD_FAILED) with the engine's words
   */
  load(archive: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>;
  /**
   * The digest that a registry has for this name, with nothing pulled; undefined where the engine cannot ask.
   * @throws ImageError as `pull`
   */
  remote?(request: RemoteImageRequest): Promise<string | undefined>;
  /**
   * Fetches an image from its registry, once: no retry. Says nothing of what is there afterwards.
   * @throws ImageError: IMAGE_NOT_FOUND, IMAGE_UNAUTHORIZED, IMAGE_RATE_LIMITED or IMAGE_PULL_FAILED, in the engine's words
   */
  pull(request: PullRequest): Promise<void>;
  /**
   * Builds an image on a base that the engine has already.
   * @throws ImageError (IMAGE_BUILD_FAILED) with the engine's words
   */
  build(request: BuildRequest): Promise<void>;
  /**
   * The image as an archive for `load`.
   * @throws ImageError (IMAGE_SAVE_FAILED) with the engine's words
   */
  save(reference: string, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Removes tag or ID; nothing there is no error. */
  remove(reference: string, signal?: AbortSignal): Promise<void>;
  /** Tags and IDs of every image that carries the label. */
  list(label: string, signal?: AbortSignal): Promise<ImageInfo[]>;
}

/** The image could not be pulled, built, assembled or loaded. */
export class ImageError extends KServeEnvError {
  constructor(code: `IMAGE_${string}`, message: string, options: KServeEnvErrorOptions = {}) {
    super(code, ExitCode.image, message, options);
  }
}
