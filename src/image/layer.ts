/** Layers: the same files always make the same bytes, and they are streamed, never held. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';

/** A file of this machine, and where it stands in the image. */
export interface LayerFile {
  source: string;
  /** Absolute path in the image. */
  target: string;
  mode: number;
  /** Bytes. */
  size: number;
  /** Changes when the file does: inode and time of the last change. */
  stamp: string;
}

export interface LayerDigest {
  /** `sha256:…` of the uncompressed tar (OCI `diff_id`). */
  digest: string;
  /** Bytes of the tar. */
  size: number;
}

const unchanging = { mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' };

/**
 * The tar of these files, sorted by their path, each directory before what is in it, and of an empty /tmp. Owner root, time
 * zero.
 */
export function tarLayer(files: LayerFile[]): AsyncGenerator<Uint8Array> {
  return tarOf(files, async ({ source, target, mode, size }, tar) => {
    const entry = tar.entry({ ...unchanging, name: target.slice(1), type: 'file', mode, size });
    // Ends with an error when the file has not the promised size any more.
    await pipeline(createReadStream(source, { highWaterMark: 1024 * 1024 }), entry);
  });
}

type AddFile = (file: LayerFile, tar: Pack) => Promise<void>;

async function* tarOf(files: LayerFile[], addFile: AddFile): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const filled = fill(tar, files, addFile).catch((error: Error) => tar.destroy(error));
  try {
    for await (const chunk of tar) yield chunk as Uint8Array;
    await filled;
  } finally {
    tar.destroy();
  }
}

/** Digest and size of the layer that `tarLayer` makes. */
export async function digestLayer(files: LayerFile[]): Promise<LayerDigest> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of tarLayer(files)) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

/** Bytes of the tar that `tarLayer` makes, without reading a file. */
export async function layerSize(files: LayerFile[]): Promise<number> {
  let size = 0;
  const headers = tarOf(files, async ({ target, mode }, tar) => {
    tar.entry({ ...unchanging, name: target.slice(1), type: 'file', mode }, Buffer.alloc(0));
  });
  for await (const chunk of headers) size += chunk.length;
  return files.reduce((sum, file) => sum + Math.ceil(file.size / block) * block, size);
}

/** What a tar is padded to, in bytes. */
const block = 512;

async function fill(tar: Pack, files: LayerFile[], addFile: AddFile): Promise<void> {
  const sorted = [...files].sort((one, other) => (one.target < other.target ? -1 : 1));
  for (const directory of parents(sorted)) {
    tar.entry({ ...unchanging, name: `${directory.slice(1)}/`, type: 'directory', mode: 0o755 });
  }
  // What is mounted there takes this mode, when a container starts again.
  tar.entry({ ...unchanging, name: 'tmp/', type: 'directory', mode: 0o1777 });
  for (const file of sorted) await addFile(file, tar);
  tar.finalize();
}

function parents(files: LayerFile[]): string[] {
  const directories = new Set<string>();
  for (const { target } of files) {
    for (let path = posix.dirname(target); path !== '/'; path = posix.dirname(path)) directories.add(path);
  }
  return [...directories].sort();
}
