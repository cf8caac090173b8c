/** Makes the server's image available in an engine, without a network, and only when it is not there already. */
import { realpath, stat } from 'node:fs/promises';
import { dockerArchitecture } from '../engine/architecture.js';
import { ImageError, type ImageInfo, type ImageStore } from '../engine/image-store.js';
import { contentLabel } from '../engine/labels.js';
import { cachedLayerDigest, forgetLayerDigest, recallLayerDigest, rememberLayerDigest } from './digest-cache.js';
import { type HostRuntime, hostRuntime } from './host-runtime.js';
import {
  type DescribedImage,
  describeImage,
  firstArchive,
  type ImageLayer,
  imageArchive,
  serverPath,
  type UnreadLayer,
} from './image-archive.js';
import { digestLayer, type LayerFile, layerSize, tarLayer } from './layer.js';

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
  return await readParts(await partsOf(options), options);
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
  const { signal } = options;
  const parts = await partsOf(options);
  const { runtime } = parts;
  let image = await loadUnread(images, parts, options);
  if (image === undefined) {
    image = await readParts(parts, options);
    const there = await images.find(image.tag, signal);
    if (there && isSame(there, image)) return { ...result(there, image, runtime), cached: true };
    try {
      await loadMissing(images, image, signal);
    } catch (error) {
      // A file may have changed under a remembered digest; the next attempt should look at it anew.
      await forget(parts, options);
      throw error;
    }
  }
  const loaded = await images.find(image.tag, signal);
  if (loaded && isSame(loaded, image)) return { ...result(loaded, image, runtime), cached: false };
  await forget(parts, options);
  throw new ImageError('IMAGE_LOAD_FAILED', `The engine has not got the image ${image.tag} after loading it`, {
    retryable: true,
    details: { expected: image.id, found: loaded?.id ?? null },
  });
}

/** What the image is made of. */
interface Parts {
  runtime: HostRuntime;
  application: LayerFile[];
}

async function partsOf(options: AssembleOptions): Promise<Parts> {
  const [runtime, server] = await Promise.all([options.runtime ?? hostRuntime(), serverFile(options.bundlePath)]);
  return { runtime, application: [server] };
}

async function readParts(parts: Parts, options: AssembleOptions): Promise<DescribedImage> {
  const [runtime, application] = await Promise.all([
    cachedLayerDigest(parts.runtime.files, options.cacheDir),
    cachedLayerDigest(parts.application, options.cacheDir),
  ]);
  const [below, above] = unreadLayers(parts, runtime.size, application.size);
  return describe(
    [
      { ...below, ...runtime },
      { ...above, ...application },
    ],
    parts,
    options,
  );
}

/**
 * Loads the image while its digests are taken, so that a hundred megabytes are read once and not twice. Only where it can
 * be neither known nor there: nothing is remembered of these files, and the engine has no image of ours.
 */
async function loadUnread(
  images: ImageStore,
  parts: Parts,
  options: AssembleOptions,
): Promise<DescribedImage | undefined> {
  const { signal, cacheDir } = options;
  const { files } = parts.runtime;
  if ((await recallLayerDigest(files, cacheDir)) !== undefined) return undefined;
  if ((await images.list(contentLabel, signal)).length > 0) return undefined;
  const sizes = await Promise.all([layerSize(files), layerSize(parts.application)]);
  let image: DescribedImage | undefined;
  const archive = firstArchive(unreadLayers(parts, ...sizes), (layers) => {
    image = describe(layers, parts, options);
    return image;
  });
  await images.load(archive, signal);
  const [runtime, application] = image?.layers ?? [];
  if (runtime) await rememberLayerDigest(files, runtime, cacheDir);
  if (application) await rememberLayerDigest(parts.application, application, cacheDir);
  return image;
}

/** What was remembered of the files has proved wrong. */
async function forget(parts: Parts, { cacheDir }: AssembleOptions): Promise<void> {
  await Promise.all([parts.runtime.files, parts.application].map((files) => forgetLayerDigest(files, cacheDir)));
}

function unreadLayers({ runtime, application }: Parts, runtimeSize: number, applicationSize: number) {
  return [
    { title: `Node ${runtime.nodeVersion}`, size: runtimeSize, content: () => tarLayer(runtime.files) },
    { title: 'kserve-env server', size: applicationSize, content: () => tarLayer(application) },
  ] as [UnreadLayer, UnreadLayer];
}

function describe(layers: ImageLayer[], { runtime }: Parts, { version }: AssembleOptions): DescribedImage {
  const { libraryPath } = runtime;
  return describeImage({ version, architecture: dockerArchitecture(process.arch), libraryPath, layers });
}

/**
 * A layer that an image of ours brought before is not sent again: Docker looks for it before it opens the archive's file.
 * An engine that wants to see it all the same gets the whole archive.
 */
async function loadMissing(images: ImageStore, image: DescribedImage, signal?: AbortSignal): Promise<void> {
  const present = presentLayers(image, await images.list(contentLabel, signal));
  if (present.size > 0) {
    try {
      await images.load(imageArchive(image, present), signal);
      return;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
    }
  }
  await images.load(imageArchive(image), signal);
}

/** Layers of the image that another one has in the same place, over the same ones: those are stored once. */
function presentLayers({ layers }: DescribedImage, others: ImageInfo[]): Set<string> {
  const digests = layers.map(({ digest }) => digest);
  const shared = others.map((other) => {
    const first = digests.findIndex((digest, index) => other.layers[index] !== digest);
    return first === -1 ? digests.length : first;
  });
  return new Set(digests.slice(0, Math.max(0, ...shared)));
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
