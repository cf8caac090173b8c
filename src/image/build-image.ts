/** Builds the image with the engine's own builder: the server's file on a base image that has a Node. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ImageError, type ImageInfo, type ImageStore } from '../engine/image-store.js';
import { contentLabel } from '../engine/labels.js';
import { pause } from '../engine/settle.js';
import { ensurePulled, type PullOptions } from './pull-image.js';
import { parseReference } from './reference.js';
import { packFiles } from './tar-files.js';

export interface BuildOptions extends Omit<PullOptions, 'reference'> {
  /** Image to build on. */
  base: string;
  /** Version of kserve-env, written in the image's labels. */
  version: string;
  /** The server's one file. */
  bundlePath: string;
  /** The Dockerfile to build by. */
  dockerfilePath: string;
}

/** What goes into the image. */
type BuildInput = Pick<BuildOptions, 'base' | 'version' | 'platform' | 'bundlePath' | 'dockerfilePath'>;

export interface BuiltImage {
  image: ImageInfo;
  tag: string;
  /** It was there already, and nothing was built. */
  cached: boolean;
  warnings: string[];
}

interface PlannedBuild {
  tag: string;
  content: string;
  dockerfile: Buffer;
  bundle: Buffer;
}

/** The tag says what goes into the image: Dockerfile, server, the base's name, platform. Asks no engine. */
export async function planBuild(options: BuildInput): Promise<PlannedBuild> {
  const { base, version, platform = '', bundlePath, dockerfilePath } = options;
  const [dockerfile, bundle] = await Promise.all([read(dockerfilePath), read(bundlePath)]);
  const parts = [dockerfile, bundle, parseReference(base).name, version, platform];
  const content = sha256(parts.map((part) => sha256(part)).join(' '));
  return { tag: `kserve-env/server:${content.slice(0, 16)}`, content, dockerfile, bundle };
}

/**
 * The base comes first, by the same rules as an image that is pulled; then nothing of the build needs a network.
 * @throws ImageError: what a pull throws, or IMAGE_BUILD_FAILED
 */
export async function ensureBuilt(images: ImageStore, options: BuildOptions): Promise<BuiltImage> {
  const { policy, signal, base, onDetail } = options;
  const { tag, content, dockerfile, bundle } = await planBuild(options);
  const there = await images.find(tag, signal);
  const ours = there?.labels[contentLabel] === content ? there : undefined;
  if (ours && policy !== 'always') return { image: ours, tag, cached: true, warnings: [] };

  const { warnings } = await ensurePulled(images, { ...options, reference: base });
  const context = packFiles([
    { name: 'Dockerfile', content: dockerfile },
    { name: 'kserve-server.cjs', content: bundle },
  ]);
  try {
    await images.build({
      context,
      tag,
      buildArgs: { BASE: parseReference(base).name, CONTENT: content, VERSION: options.version },
      platform: options.platform,
      onStep: onDetail,
      signal,
    });
    await removeUnnamed(images, content);
  } catch (error) {
    // It may be whole, though nobody waits for it any more.
    if (ours === undefined) await images.remove(tag).catch(() => {});
    await removeUnnamed(images, content);
    // Where the connection had to be cut, the daemon still finishes its step.
    for (let look = 0; signal?.aborted && look < 4; look += 1) {
      await pause(200);
      await removeUnnamed(images, content);
    }
    throw error;
  }
  const image = await images.find(tag, signal);
  if (image?.labels[contentLabel] === content) return { image, tag, cached: image.id === ours?.id, warnings };
  throw new ImageError('IMAGE_BUILD_FAILED', `The engine has not got the image ${tag} after building it`, {
    retryable: true,
    details: { found: image?.id ?? null },
  });
}

/**
 * What an earlier build on a base that has moved, or one cut short, left without a name. One that a container still runs
 * stays, and goes with `down --rmi`. Not under the caller's signal, which may be aborted; a left-over is no failure.
 */
async function removeUnnamed(images: ImageStore, content: string): Promise<void> {
  const listed = await images.list(contentLabel).catch(() => []);
  const nameless = listed.filter(({ tags, labels }) => tags.length === 0 && labels[contentLabel] === content);
  for (const { id } of nameless) await images.remove(id).catch(() => {});
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new ImageError('IMAGE_ASSEMBLY_FAILED', `${path}, which goes into the image, cannot be read`, {
      cause,
      hint: 'npm run build, in a checkout; else install kserve-env again',
    });
  }
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
