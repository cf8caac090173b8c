/** Remembers the digests of layers, so that a hundred megabytes are not read at each `up`. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { makeDirectory } from '../make-directory.js';
import { digestLayer, type LayerDigest, type LayerFile } from './layer.js';

/** Raised when the same files would make other bytes: what was remembered before is of no use then. */
const layerFormat = 2;

const remembered = z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/), size: z.int().positive() });

/** Digest of the layer of these files, remembered while path, size, inode and time of each are the same. */
export async function cachedLayerDigest(files: LayerFile[], directory: string | undefined): Promise<LayerDigest> {
  const known = await recallLayerDigest(files, directory);
  if (known) return known;
  const fresh = await digestLayer(files);
  await rememberLayerDigest(files, fresh, directory);
  return fresh;
}

/** What is remembered of these files, if anything; no file of them is read. */
export async function recallLayerDigest(
  files: LayerFile[],
  directory: string | undefined,
): Promise<LayerDigest | undefined> {
  return directory === undefined ? undefined : await recall(join(directory, `layer-${keyOf(files)}.json`));
}

/** Keeps it, where there is a place for it. */
export async function rememberLayerDigest(
  files: LayerFile[],
  { digest, size }: LayerDigest,
  directory: string | undefined,
): Promise<void> {
  const layer = { digest, size };
  if (directory !== undefined) await remember(directory, join(directory, `layer-${keyOf(files)}.json`), layer);
}

/** Forgets it: what was remembered has proved wrong. */
export async function forgetLayerDigest(files: LayerFile[], directory: string | undefined): Promise<void> {
  if (directory !== undefined) await rm(join(directory, `layer-${keyOf(files)}.json`), { force: true });
}

function keyOf(files: LayerFile[]): string {
  const parts = files.map(({ source, target, mode, size, stamp }) => [source, target, mode, size, stamp]);
  return createHash('sha256')
    .update(JSON.stringify([layerFormat, parts]))
    .digest('hex')
    .slice(0, 32);
}

async function recall(path: string): Promise<LayerDigest | undefined> {
  try {
    return remembered.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Absent, torn or made by something else: it is only a shortcut.
    return undefined;
  }
}

async function remember(directory: string, path: string, layer: LayerDigest): Promise<void> {
  const next = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    makeDirectory(directory);
    await writeFile(next, JSON.stringify(layer));
    await rename(next, path);
  } catch {
    // A home that cannot be written to costs the time of hashing, and nothing else.
    await rm(next, { force: true }).catch(() => {});
  }
}
