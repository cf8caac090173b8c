/** Makes the server's image available in an engine, without a network, and only when it is not there already. */
import { realpath, stat } from 'node:fs/promises';
import { dockerArchitecture } from '../engine/architecture.js';
import { ImageError, type ImageInfo, type ImageStore } from '../engine/engine.js';
import { contentLabel } from '../engine/labels.js';
import { cachedLayerDigest, forgetLayerDigest } from './digest-cache.js';
import { type HostRuntime, hostRuntime } from './host-runtime.js';
import { type DescribedImage, describeImage, imageArchive, serverPath } from './image-archive.js';
import { digestLayer, type LayerFile, tarLayer } from './layer.js';

export interface AssembleOptions {
  /** Version of kserve-env, written in the image's labels. */
  version: string;
  /** The server's one file. */
  bundlePath: string;
  /** Where the runtime layer's digest is remembered; it is computed each time when absent. */
  cacheDir?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Of this machine when absent. */
  runtime?: HostRuntime;
}

export interface AssembledImage {
  /** ID in that engine, to create containers from. */
  imageId: string;
  /** It was there already, and nothing was loaded. */
  cached: boolean;
  tag: string;
  /** One line for people. */
  detail: string;
}

/** The image as it will be, its ID included. Reads the files, and asks no engine. */
export async function planImage(options: AssembleOptions): Promise<DescribedImage> {
  return (await plan(options)).image;
}

/** Digest of the server's file as the image would carry it, for an engine that runs it without one. */
export async function serverDigest(bundlePath: string): Promise<string> {
  return (await digestLayer([await serverFile(bundlePath)])).digest;
}

/**
 * Makes sure that the engine has the image of this machine's Node and the server.
 * @throws ImageError when a file cannot be read, or the engine has not got after the load what was loaded
 */
export async function assembleImage(images: ImageStore, options: AssembleOptions): Promise<AssembledImage> {
  const { image, runtime } = await plan(options);
  const { signal } = options;
  const there = await images.find(image.tag, signal);
  if (there && isSame(there, image)) return { ...result(there, image, runtime), cached: true };
  try {
    await images.load(imageArchive(image), signal);
  } catch (error) {
    // A file may have changed under a remembered digest; the next attempt should look at it anew.
    await forgetLayerDigest(runtime.files, options.cacheDir);
    throw error;
  }
  const loaded = await images.find(image.tag, signal);
  if (loaded && isSame(loaded, image)) return { ...result(loaded, image, runtime), cached: false };
  await forgetLayerDigest(runtime.files, options.cacheDir);
  throw new ImageError('IMAGE_LOAD_FAILED', `The engine has not got the image ${image.tag} after loading it`, {
    retryable: true,
    details: { expected: image.id, found: loaded?.id ?? null },
  });
}

async function plan(options: AssembleOptions): Promise<{ image: DescribedImage; runtime: HostRuntime }> {
  const runtime = options.runtime ?? (await hostRuntime());
  const application = [await serverFile(options.bundlePath)];
  const [runtimeDigest, applicationDigest] = await Promise.all([
    cachedLayerDigest(runtime.files, options.cacheDir),
    digestLayer(application),
  ]);
  const image = describeImage({
    version: options.version,
    architecture: dockerArchitecture(process.arch),
    libraryPath: runtime.libraryPath,
    layers: [
      { ...runtimeDigest, title: `Node ${runtime.nodeVersion}`, content: () => tarLayer(runtime.files) },
      { ...applicationDigest, title: 'kserve-env server', content: () => tarLayer(application) },
    ],
  });
  return { image, runtime };
}

async function serverFile(path: string): Promise<LayerFile> {
  try {
    const source = await realpath(path);
    const { size, mtimeMs, ino } = await stat(source);
    return { source, target: serverPath, mode: 0o644, size, stamp: `${ino}:${mtimeMs}` };
  } catch (cause) {
    throw new ImageError('IMAGE_ASSEMBLY_FAILED', `The server's file ${path} cannot be read`, {
      cause,
      hint: 'npm run build, in a checkout; else install kserve-env again',
    });
  }
}

/** Docker's classic store names an image by its config; containerd's by a manifest of its own, over the same layers. */
function isSame(found: ImageInfo, image: DescribedImage): boolean {
  if (found.id === image.id) return true;
  const layers = image.layers.map(({ digest }) => digest);
  return found.labels[contentLabel] === image.content && JSON.stringify(found.layers) === JSON.stringify(layers);
}

function result(found: ImageInfo, image: DescribedImage, runtime: HostRuntime): Omit<AssembledImage, 'cached'> {
  const megabytes = Math.round(image.layers.reduce((sum, { size }) => sum + size, 0) / 1e6);
  const detail = `${image.tag}, Node ${runtime.nodeVersion} of this machine, ${megabytes} MB`;
  return { imageId: found.id, tag: image.tag, detail };
}
