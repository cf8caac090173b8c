/** Which files of this machine make a Node runtime in an image that has nothing else. */
import { realpath, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { ImageError } from '../engine/image-store.js';
import type { LayerFile } from './layer.js';

/** Where the executable is in the image. */
export const nodePath = '/usr/local/bin/node';

export interface HostRuntime {
  files: LayerFile[];
  /** Directories that the loader does not search by itself, for LD_LIBRARY_PATH; mostly none. */
  libraryPath: string[];
  nodeVersion: string;
}

/**
 * What the running Node is made of. The report lists all that the loader mapped, the loader itself included; for a
 * statically linked Node that is nothing.
 */
function loadedObjects(): string[] {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  const before = report.excludeNetwork;
  // Where it can be left out: the report resolves the names of all peers, which may take seconds.
  if (before !== undefined) report.excludeNetwork = true;
  try {
    const { sharedObjects } = report.getReport() as { sharedObjects?: string[] };
    return sharedObjects ?? [];
  } finally {
    if (before !== undefined) report.excludeNetwork = before;
  }
}

/** Of the loaded objects those that are files Node itself needs: no kernel page, no add-on, not the executable. */
export function runtimeObjects(objects: string[], executable: string): string[] {
  const needed = objects.filter((path) => posix.isAbsolute(path) && !path.endsWith('.node') && path !== executable);
  return [...new Set(needed)].sort();
}

/**
 * Directories of these objects that no loader searches by default. Source: ld.so(8), and musl's built-in path.
 * The loader itself is found by the path written in the executable.
 */
export function extraLibraryDirs(objects: string[]): string[] {
  const searched = /^(\/usr)?\/lib(64|32)?(\/[a-z0-9_]+-linux-[a-z0-9]+)?$/;
  const directories = objects.filter((path) => !/\/ld-[^/]*$/.test(path)).map((path) => posix.dirname(path));
  return [...new Set(directories)].filter((directory) => !searched.test(directory)).sort();
}

/**
 * The files of the runtime layer: links are followed, each file stands where it was loaded from.
 * @throws ImageError (IMAGE_ASSEMBLY_FAILED) when one cannot be read
 */
export async function hostRuntime(executable = process.execPath, objects = loadedObjects()): Promise<HostRuntime> {
  const needed = runtimeObjects(objects, executable);
  try {
    const files = await Promise.all([
      layerFile(executable, nodePath, 0o755),
      ...needed.map((path) => layerFile(path, path, 0o755)),
    ]);
    return { files, libraryPath: extraLibraryDirs(needed), nodeVersion: process.versions.node };
  } catch (cause) {
    throw new ImageError('IMAGE_ASSEMBLY_FAILED', `A file of this machine's Node cannot be read: ${String(cause)}`, {
      cause,
      hint: 'use --engine process, which needs no image',
    });
  }
}

async function layerFile(path: string, target: string, mode: number): Promise<LayerFile> {
  const source = await realpath(path);
  const { size, mtimeMs, ino } = await stat(source);
  return { source, target, mode, size, stamp: `${ino}:${mtimeMs}` };
}
