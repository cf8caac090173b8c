/** Decides where the server's image comes from. Pure: `--dry-run` prints the result. */
import { dockerArchitecture } from '../engine/architecture.js';
import { type EngineInfo, ImageError } from '../engine/engine.js';

/** What the configuration says about the image. */
export interface ImageWish {
  source: 'auto' | 'host' | 'build' | 'pull';
  /** For `pull`: the image to pull; for `build`: the base image. */
  reference?: string | undefined;
}

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
export function decideImageSource(engine: EngineInfo, wish: ImageWish, host: HostPlatform): ImageDecision {
  if (engine.kind === 'process') return { kind: 'none', reason: 'local processes need no image' };
  if (wish.source === 'build' || wish.source === 'pull')
    throw unavailable(`image source "${wish.source}" is not available yet`);
  const obstacle = hostRuntimeObstacle(engine, host);
  if (obstacle === undefined)
    return {
      kind: 'host-runtime',
      reason: `assembled from this machine's Node for ${engine.os}/${engine.architecture}`,
    };
  throw unavailable(`no image can be assembled from this machine's Node: ${obstacle}`);
}

function hostRuntimeObstacle(engine: EngineInfo, host: HostPlatform): string | undefined {
  if (host.platform !== 'linux') return `it is a Node for ${host.platform}, a container needs one for linux`;
  const architecture = dockerArchitecture(host.arch);
  if (engine.os === host.platform && sameArchitecture(engine.architecture, architecture)) return undefined;
  return `it is for linux/${architecture}, the daemon runs ${engine.os}/${engine.architecture}`;
}

function unavailable(why: string): ImageError {
  return new ImageError('IMAGE_SOURCE_UNAVAILABLE', why.charAt(0).toUpperCase() + why.slice(1), {
    hint: 'set image.source to auto, or use --engine process, which needs no image',
  });
}

const aliases: Record<string, string> = { x86_64: 'amd64', aarch64: 'arm64' };

function sameArchitecture(one: string, other: string): boolean {
  return (aliases[one] ?? one) === (aliases[other] ?? other);
}
