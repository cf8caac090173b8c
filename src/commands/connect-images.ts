/** An engine for verbs that deal with its images. */
import { loadName } from '../config/load-name.js';
import { connectEngine, engineContext } from '../engine/detect.js';
import { type EngineInfo, EngineUnreachableError } from '../engine/engine.js';
import type { ImageStore } from '../engine/image-store.js';
import type { CommandContext, CommonOptions } from './context.js';

/** The images of an engine that answers. Dispose it. */
export interface ConnectedImages extends AsyncDisposable {
  images: ImageStore;
  info: EngineInfo;
}

/** @throws EngineUnreachableError where there is none, or only the engine that runs no images */
export async function connectImages(options: CommonOptions, context: CommandContext): Promise<ConnectedImages> {
  const { cwd, env, signal } = context;
  const preference = (await loadName({ cwd, env, flags: options.flags ?? {} })).engine;
  const { engine, reason } = await connectEngine(preference, engineContext(env), signal);
  const close = async () => await engine[Symbol.asyncDispose]();
  try {
    const { images } = engine;
    if (images) return { images, info: await engine.info(signal), [Symbol.asyncDispose]: close };
    throw new EngineUnreachableError(`Local processes run no images (${reason})`, {
      hint: 'start Docker, or name it with --engine docker',
      retryable: false,
    });
  } catch (error) {
    await close();
    throw error;
  }
}
