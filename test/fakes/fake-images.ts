/** An image store in memory, that reads archives as a daemon does. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { ImageError, type ImageInfo, type ImageStore } from '../../src/engine/engine.js';

export interface FakeImages extends ImageStore {
  /** How often something was loaded. */
  loads: number;
  /** The next load fails, with these words. */
  failNextLoad: string | undefined;
  /** IDs are given as containerd's image store does: not the digest of the config. */
  foreignIds: boolean;
}

interface Manifest {
  Config: string;
  RepoTags: string[];
  Layers: string[];
}

interface Config {
  config: { Labels: Record<string, string> };
  rootfs: { diff_ids: string[] };
}

export function fakeImages(): FakeImages {
  const stored = new Map<string, ImageInfo>();

  const images: FakeImages = {
    loads: 0,
    failNextLoad: undefined,
    foreignIds: false,

    async find(reference, signal) {
      signal?.throwIfAborted();
      return stored.get(reference) ?? [...stored.values()].find(({ tags }) => tags.includes(reference));
    },

    async load(archive, signal) {
      signal?.throwIfAborted();
      images.loads += 1;
      const words = images.failNextLoad;
      images.failNextLoad = undefined;
      if (words !== undefined) throw new ImageError('IMAGE_LOAD_FAILED', `The image could not be loaded: ${words}`);
      const { documents, digests } = await readArchive(archive);
      const [manifest] = JSON.parse(documents.get('manifest.json') ?? '[]') as Manifest[];
      const text = manifest && documents.get(manifest.Config);
      if (!manifest || text === undefined)
        throw new ImageError('IMAGE_LOAD_FAILED', 'The image could not be loaded: no manifest');
      const config = JSON.parse(text) as Config;
      const layers = manifest.Layers.map((name) => digests.get(name) ?? '');
      if (JSON.stringify(layers) !== JSON.stringify(config.rootfs.diff_ids))
        throw new ImageError('IMAGE_LOAD_FAILED', 'The image could not be loaded: wrong diff id calculated');
      const id = `sha256:${createHash('sha256')
        .update(images.foreignIds ? `index of ${text}` : text)
        .digest('hex')}`;
      stored.set(id, { id, layers, labels: config.config.Labels, tags: manifest.RepoTags });
    },

    async remove(reference, signal) {
      const image = await images.find(reference, signal);
      if (image) stored.delete(image.id);
    },

    async list(label, signal) {
      signal?.throwIfAborted();
      return [...stored.values()].filter(({ labels }) => label in labels);
    },
  };
  return images;
}

/** Texts of the JSON files of an archive, and digests of all its files. */
async function readArchive(
  archive: AsyncIterable<Uint8Array>,
): Promise<{ documents: Map<string, string>; digests: Map<string, string> }> {
  const documents = new Map<string, string>();
  const digests = new Map<string, string>();
  for await (const entry of Readable.from(archive, { objectMode: false }).pipe(extract())) {
    const hash = createHash('sha256');
    const pieces: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      hash.update(chunk);
      if (entry.header.name.endsWith('.json')) pieces.push(chunk);
    }
    digests.set(entry.header.name, `sha256:${hash.digest('hex')}`);
    if (pieces.length > 0) documents.set(entry.header.name, Buffer.concat(pieces).toString('utf8'));
  }
  return { documents, digests };
}
