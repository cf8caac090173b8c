/** An image as `POST /images/load` takes it: its config, its layers, and a list of both. */
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { contentLabel, labelPrefix } from '../engine/labels.js';
import { nodePath } from './host-runtime.js';
import type { LayerDigest } from './layer.js';

/** Where the server's one file is in the image. */
export const serverPath = '/opt/kserve-env/kserve-server.cjs';

interface ImageLayer extends LayerDigest {
  /** For people, in the image's history. */
  title: string;
  /** The tar itself; may be asked for again. */
  content: () => AsyncIterable<Uint8Array>;
}

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

/** The archive in the layout of `docker save`. Nothing of it is held in memory but the piece under way. */
export async function* imageArchive(image: DescribedImage): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const filled = fill(tar, image).catch((error: Error) => tar.destroy(error));
  try {
    for await (const chunk of tar) yield chunk as Uint8Array;
    await filled;
  } finally {
    tar.destroy();
  }
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
        'org.opencontainers.image.version': image.version,
        [`${labelPrefix}source`]: 'host-runtime',
        ...(content !== undefined && { [contentLabel]: content }),
      },
    },
    rootfs: { type: 'layers', diff_ids: image.layers.map(({ digest }) => digest) },
    history: image.layers.map(({ title }) => ({ created, created_by: title })),
  };
}

async function fill(tar: Pack, image: DescribedImage): Promise<void> {
  const configName = `${image.id.slice('sha256:'.length)}.json`;
  const layerName = (layer: ImageLayer) => `${layer.digest.slice('sha256:'.length)}.tar`;
  const manifest = [{ Config: configName, RepoTags: [image.tag], Layers: image.layers.map(layerName) }];
  tar.entry({ name: 'manifest.json', mtime: new Date(0) }, JSON.stringify(manifest));
  tar.entry({ name: configName, mtime: new Date(0) }, image.configJson);
  for (const layer of image.layers) {
    const entry = tar.entry({ name: layerName(layer), size: layer.size, mtime: new Date(0) });
    // Ends with an error when the layer has not the size that its digest was taken with.
    await pipeline(layer.content(), entry);
  }
  tar.finalize();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
