/** Decides where the server's image comes from. Pure: `--dry-run` prints the result. */
import { dockerArchitecture } from '../engine/architecture.js';
import type { EngineInfo } from '../engine/engine.js';
import { ImageError } from '../engine/image-store.js';
import { sameArchitecture } from './platform.js';

/** What the configuration says about the image. */
export interface ImageWish {
  source: 'auto' | 'host' | 'build' | 'pull';
  pullPolicy: 'missing' | 'always' | 'never';
  /** The image to pull. */
  reference?: string | undefined;
  /** The image to build on. */
  base: string;
  /** `linux/arm64`; the engine's own when absent. */
  platform?: string | undefined;
}

/** As far as the decision depends on it. */
type SourceWish = Pick<ImageWish, 'source'> & Partial<ImageWish>;

/** This machine, in Node's words. */
export interface HostPlatform {
  platform: NodeJS.Platform;
  arch: NodeJS.Architecture;
}

export interface ImageDecision {
  /** `none`: the engine runs no images. `host-runtime`: assembled from this machine's own Node, without a network. */
  kind: 'none' | 'host-runtime' | 'build' | 'pull';
  /** One line for people. */
  reason: string;
}

/**
 * Chooses how the image is made available.
 * @throws ImageError (IMAGE_SOURCE_UNAVAILABLE) when the wish cannot be fulfilled with this engine
 */
export function decideImageSource(
  engine: Pick<EngineInfo, 'kind' | 'os' | 'architecture'>,
  wish: SourceWish,
  host: HostPlatform,
): ImageDecision {
  if (engine.kind === 'process') return { kind: 'none', reason: 'local processes need no image' };
  const [os = '', architecture = ''] = (wish.platform ?? `${engine.os}/${engine.architecture}`).split('/');
  const platform = `${os}/${architecture}`;
  const { source, reference } = wish;
  if (source === 'pull' || (source === 'auto' && reference !== undefined)) {
    if (reference === undefined) throw unavailable('image source "pull" needs image.reference');
    return { kind: 'pull', reason: `${reference}, ${policyWords[wish.pullPolicy ?? 'missing']}` };
  }
  const obstacle = hostRuntimeObstacle(os, architecture, host);
  if (source !== 'build' && obstacle === undefined)
    return { kind: 'host-runtime', reason: `assembled from this machine's Node for ${platform}` };
  if (source === 'host') throw unavailable(`no image can be assembled from this machine's Node: ${obstacle}`);
  if (os !== 'linux') throw unavailable(`the server's image is for linux, the daemon runs ${platform}`);
  const why = source === 'build' ? '' : `, since this machine's Node does not fit: ${obstacle}`;
  return { kind: 'build', reason: `built on ${wish.base ?? 'a base image'} for ${platform}${why}` };
}

const policyWords = {
  missing: 'pulled where the engine lacks it',
  always: 'pulled each time',
  never: 'as the engine has it, never pulled',
} as const;

function hostRuntimeObstacle(os: string, architecture: string, host: HostPlatform): string | undefined {
  if (host.platform !== 'linux') return `it is a Node for ${host.platform}, a container needs one for linux`;
  const own = dockerArchitecture(host.arch);
  if (os === host.platform && sameArchitecture(architecture, own)) return undefined;
  return `it is for linux/${own}, the image has to be for ${os}/${architecture}`;
}

function unavailable(why: string): ImageError {
  return new ImageError('IMAGE_SOURCE_UNAVAILABLE', why.charAt(0).toUpperCase() + why.slice(1), {
    hint: 'set image.source to auto, or use --engine process, which needs no image',
  });
}
