/** The engine of an `up`, together with the image that it will run. */
import { connectEngine, type EngineContext, type EnginePreference } from '../engine/detect.js';
import { type Engine, type EngineInfo, engineNames } from '../engine/engine.js';
import { ImageError } from '../engine/image-store.js';
import { serverBundlePath } from '../engine/process/server-bundle.js';
import { cacheDir } from '../home.js';
import { type PreparedImage, prepareImage } from '../image/prepare-image.js';
import type { ImageWish } from '../image/source.js';
import { packageVersion, templatePath } from './package-info.js';

/** An engine that answers, and the image it can run. Dispose the engine. */
export interface ChosenEngine {
  engine: Engine;
  info: EngineInfo;
  /** Why this one, for people. */
  reason: string;
  image: PreparedImage;
}

/**
 * Where everything is left to us, a daemon that we have no image for is no reason to fail: the process engine does.
 * @throws EngineUnreachableError, ImageError
 */
export async function chooseEngine(
  preference: EnginePreference,
  wish: ImageWish,
  context: EngineContext,
  signal: AbortSignal,
): Promise<ChosenEngine> {
  const { engine, reason } = await connectEngine(preference, context, signal);
  try {
    const info = await engine.info(signal);
    const image = prepareImage({
      engine: info,
      wish,
      version: packageVersion(),
      bundlePath: serverBundlePath(),
      dockerfilePath: templatePath('Dockerfile'),
      cacheDir: cacheDir(context.env, context.homeDir),
      auth: { env: context.env, homeDir: context.homeDir },
    });
    return { engine, info, reason, image };
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    const noImage = error instanceof ImageError && error.code === 'IMAGE_SOURCE_UNAVAILABLE';
    if (!noImage || preference !== 'auto' || wish.source !== 'auto') throw error;
    const chosen = await chooseEngine('process', wish, context, signal);
    return { ...chosen, reason: `${engineNames[engine.kind]} ${reason}, but ${lowerFirst(error.message)}` };
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
