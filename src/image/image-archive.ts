/** An image as `POST /images/load` takes it: its config, its layers, and a list of both. */
import { createHash, type Hash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { contentLabel, labelPrefix } from '../engine/labels.js';
import { nodePath } from './host-runtime.js';
import type { LayerDigest } from './layer.js';

/** Label of every image of ours: how it was made. */
export const sourceLabel = `${labelPrefix}source`;
/** Label of every image of ours: version of kserve-env. */
export const imageVersionLabel = 'org.opencontainers.image.version';

/** Where the server's one file is in the image. */
export const serverPath = '/opt/kserve-env/kserve-server.cjs';

/** A layer whose digest is not known yet. */
export interface UnreadLayer {
  /** For people, in the image's history. */
  title: string;
  /** Bytes of the tar. */
  size: number;
  /** The tar itself; may be asked for again. */
  content: () => AsyncIterable<Uint8Array>;
}

export type ImageLayer = UnreadLayer & LayerDigest;

export interface ImageDescription {
  /** Version of kserve-env. */
  version: string;
  /** In Docker's words. */
  architecture: string;
  libraryPath: string[];
  /** Bottom first. */
  layers: ImageLayer[];
}

/** An image that exists nowhere yet, and yet has its name. */
export interface DescribedImage {
  /** `sha256:…` of the config, which is the image's ID in Docker's classic store. */
  id: string;
  /** The same in every store: digest of the config without this label. */
  content: string;
  /** `kserve-env/server:<first 16 digits of the content's digest>` */
  tag: string;
  configJson: string;
  layers: ImageLayer[];
}

const second = 1_000_000_000;

/** Writes the config (OCI image-spec, config.md, with Docker's Healthcheck) and takes its digest. */
export function describeImage(image: ImageDescription): DescribedImage {
  const content = sha256(JSON.stringify(imageConfig(image)));
  const configJson = JSON.stringify(imageConfig(image, content));
  return {
    id: `sha256:${sha256(configJson)}`,
    content,
    tag: `kserve-env/server:${content.slice(0, 16)}`,
    configJson,
    layers: image.layers,
  };
}

/**
 * The archive in the layout of `docker save`. Nothing of it is held in memory but the piece under way.
 * @param leaveOut digests of layers that the engine has already
 */
export function imageArchive(
  image: DescribedImage,
  leaveOut: ReadonlySet<string> = new Set(),
): AsyncGenerator<Uint8Array> {
  return archive(async (tar) => {
    const layers = image.layers.map((layer) => ({ layer, name: `${hexOf(layer.digest)}.tar` }));
    addIndex(
      tar,
      image,
      layers.map(({ name }) => name),
    );
    for (const { layer, name } of layers) {
      const entry = leaveOut.has(layer.digest) ? undefined : tar.entry({ name, size: layer.size, mtime: new Date(0) });
      // Ends with an error when the layer has not the size that its digest was taken with.
      if (entry) await pipeline(layer.content(), entry);
    }
  });
}

/**
 * The archive of layers that have not been read before: their digests are taken as they pass, and what names them comes
 * last. So they are read once.
 * @param describe makes the image of their digests, in the same order
 */
export function firstArchive(
  layers: UnreadLayer[],
  describe: (layers: ImageLayer[]) => DescribedImage,
): AsyncGenerator<Uint8Array> {
  return archive(async (tar) => {
    const read: ImageLayer[] = [];
    for (const [index, layer] of layers.entries()) {
      const hash = createHash('sha256');
      const entry = tar.entry({ name: `${index}.tar`, size: layer.size, mtime: new Date(0) });
      await pipeline(hashing(layer.content(), hash), entry);
      read.push({ ...layer, digest: `sha256:${hash.digest('hex')}` });
    }
    addIndex(
      tar,
      describe(read),
      read.map((_, index) => `${index}.tar`),
    );
  });
}

async function* hashing(chunks: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

async function* archive(fill: (tar: Pack) => Promise<void>): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const filled = fill(tar).then(
    () => tar.finalize(),
    (error: Error) => tar.destroy(error),
  );
  try {
    for await (const chunk of tar) yield chunk as Uint8Array;
    await filled;
  } finally {
    tar.destroy();
  }
}

function addIndex(tar: Pack, image: DescribedImage, layerNames: string[]): void {
  const configName = `${hexOf(image.id)}.json`;
  const manifest = [{ Config: configName, RepoTags: [image.tag], Layers: layerNames }];
  tar.entry({ name: 'manifest.json', mtime: new Date(0) }, JSON.stringify(manifest));
  tar.entry({ name: configName, mtime: new Date(0) }, image.configJson);
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}

function imageConfig(image: ImageDescription, content?: string): object {
  const created = new Date(0).toISOString();
  return {
    architecture: image.architecture,
    os: 'linux',
    created,
    config: {
      User: '65532:65532',
      ExposedPorts: { '8080/tcp': {}, '8081/tcp': {} },
      Env: [
        'PATH=/usr/local/bin',
        'NODE_ENV=production',
        ...(image.libraryPath.length > 0 ? [`LD_LIBRARY_PATH=${image.libraryPath.join(':')}`] : []),
      ],
      Entrypoint: [nodePath, serverPath],
      WorkingDir: '/',
      StopSignal: 'SIGTERM',
      Healthcheck: {
        Test: ['CMD', nodePath, serverPath, '--healthcheck'],
        Interval: 10 * second,
        Timeout: 5 * second,
        StartPeriod: 5 * second,
        Retries: 3,
      },
      Labels: {
        'org.opencontainers.image.title': 'kserve-env server',
        [imageVersionLabel]: image.version,
        [sourceLabel]: 'host-runtime',
        ...(content !== undefined && { [contentLabel]: content }),
      },
    },
    rootfs: { type: 'layers', diff_ids: image.layers.map(({ digest }) => digest) },
    history: image.layers.map(({ title }) => ({ created, created_by: title })),
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
