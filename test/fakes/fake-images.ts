/** An image store in memory, that reads archives as a daemon does. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { ImageError, type ImageInfo, type ImageStore, type PullRequest } from '../../src/engine/image-store.js';

export interface FakeImages extends ImageStore {
  /** How often something was loaded. */
  loads: number;
  /** The next load fails, with these words. */
  failNextLoad: string | undefined;
  /** Layers that the archives of the loads so far carried. */
  layersSent: string[][];
  /** Every pull so far, and what it does: gives an image, or fails. */
  pulls: PullRequest[];
  onPull: (request: PullRequest, attempt: number) => Partial<ImageInfo>;
  /** Loads fail where a layer is not in the archive, even one that is stored. */
  wantsAllLayers: boolean;
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

const nowhere = { layers: [], labels: {}, tags: [], digests: [], os: 'linux', architecture: 'amd64' };

export function fakeImages(): FakeImages {
  const stored = new Map<string, ImageInfo>();

  const images: FakeImages = {
    loads: 0,
    failNextLoad: undefined,
    layersSent: [],
    pulls: [],
    onPull: () => ({}),
    wantsAllLayers: false,
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
      images.layersSent.push(manifest.Layers.flatMap((name) => digests.get(name) ?? []));
      const known = (index: number) =>
        images.wantsAllLayers ? undefined : [...stored.values()].map(({ layers }) => layers[index])[0];
      const layers = manifest.Layers.map((name, index) => digests.get(name) ?? known(index) ?? '');
      if (JSON.stringify(layers) !== JSON.stringify(config.rootfs.diff_ids))
        throw new ImageError('IMAGE_LOAD_FAILED', 'The image could not be loaded: wrong diff id calculated');
      const id = `sha256:${createHash('sha256')
        .update(images.foreignIds ? `index of ${text}` : text)
        .digest('hex')}`;
      stored.set(id, { ...nowhere, id, layers, labels: config.config.Labels, tags: manifest.RepoTags });
    },

    async pull(request) {
      request.signal?.throwIfAborted();
      images.pulls.push(request);
      const { repository, tag } = request;
      const name = `${repository}${tag.includes(':') ? '@' : ':'}${tag}`;
      const image = { ...nowhere, id: `sha256:${name}`, tags: [name], ...images.onPull(request, images.pulls.length) };
      stored.set(image.id, image);
    },

    async build() {
      throw new ImageError('IMAGE_BUILD_FAILED', 'This engine builds nothing');
    },

    save(reference) {
      throw new ImageError('IMAGE_SAVE_FAILED', `This engine does not save ${reference}`);
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
  const source = Readable.from(archive, { objectMode: false });
  const entries = extract();
  // Else an archive that ends with an error would never end.
  source.once('error', (error) => entries.destroy(error));
  for await (const entry of source.pipe(entries)) {
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
