/** `image save`: the environment's image as an archive, to carry it to another machine. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { loadConfig } from '../config/load.js';
import { dockerArchitecture } from '../engine/architecture.js';
import { engineContext } from '../engine/detect.js';
import { serverBundlePath } from '../engine/process/server-bundle.js';
import { UsageError } from '../errors.js';
import { cacheDir } from '../home.js';
import { planImage } from '../image/ensure-image.js';
import { imageArchive } from '../image/image-archive.js';
import { decideImageSource, type ImageWish } from '../image/source.js';
import { chooseEngine } from './choose-engine.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import { packageVersion } from './package-info.js';
import { writeBeside } from './write-beside.js';

/** Options of `image save`. */
export interface ImageSaveOptions extends CommonOptions {
  /** File to write, or `-` for `stdout`; `stdout` when absent. */
  output?: string;
  /** Replace a file that is there. */
  force?: boolean;
  /** Standard output. */
  stdout: Writable & { isTTY?: boolean };
  /** Standard output is for something else. */
  stdoutTaken?: boolean;
}

/** What was written. */
export interface ImageSaveReport {
  /** Absolute path; null for standard output. */
  path: string | null;
  bytes: number;
  source: string;
  /** Name that the image has where it is loaded. */
  reference: string;
  id: string;
}

/** @throws ConfigError, UsageError, ImageError, EngineUnreachableError, and with code FILE_EXISTS or FILE_NOT_WRITTEN */
export async function imageSave(
  options: ImageSaveOptions,
  context: CommandContext,
): Promise<CommandResult<ImageSaveReport>> {
  const { cwd, env, signal } = context;
  const { output = '-', stdout } = options;
  if (output === '-') refuseTerminal(options);
  const { config } = await loadConfig({ cwd, env, flags: options.flags ?? {} });
  await using saved = await openArchive(config, context);
  const { archive, warnings, source, reference, id } = saved;
  if (output === '-') {
    const bytes = await writeTo(stdout, archive, signal);
    return { data: { path: null, bytes, source, reference, id }, warnings };
  }
  const { path, bytes } = await writeBeside(archive, { cwd, path: output, force: options.force === true, signal });
  return { data: { path, bytes, source, reference, id }, warnings };
}

function refuseTerminal({ stdout, stdoutTaken }: ImageSaveOptions): void {
  const hint = 'kserve-env image save --output kserve-env-image.tar';
  if (stdoutTaken) throw new UsageError('Standard output cannot have both the archive and JSON', { hint });
  if (stdout.isTTY === true) throw new UsageError('An archive is not written to a terminal', { hint });
}

interface OpenArchive extends AsyncDisposable {
  archive: AsyncIterable<Uint8Array>;
  source: string;
  reference: string;
  id: string;
  warnings: string[];
}

/** What is assembled from this machine needs no engine; the rest an engine has, or gets first. */
async function openArchive(
  config: Awaited<ReturnType<typeof loadConfig>>['config'],
  context: CommandContext,
): Promise<OpenArchive> {
  const { env, signal, progress } = context;
  const engines = engineContext(env);
  if (config.image.source === 'host') return await fromThisMachine(config.image, engines);
  const { engine, image } = await chooseEngine(config.engine, config.image, engines, signal);
  const close = async () => await engine[Symbol.asyncDispose]();
  try {
    const { images } = engine;
    if (images === undefined || image.source === 'host-runtime') {
      await close();
      return await fromThisMachine(config.image, engines);
    }
    const { imageId, identity, warnings } = await image.ensure(images, signal, (detail) => progress.note(detail));
    return {
      // By its name, so that it has it where it is loaded. A digest is no name that an archive could carry.
      archive: images.save(identity.id, signal),
      source: identity.source,
      reference: identity.id,
      id: imageId ?? '',
      warnings,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function fromThisMachine(wish: ImageWish, engines: ReturnType<typeof engineContext>): Promise<OpenArchive> {
  const engine = { kind: 'docker', os: 'linux', architecture: dockerArchitecture(process.arch) } as const;
  // Throws where this machine's Node makes no image.
  const { kind } = decideImageSource(engine, { ...wish, source: 'host' }, process);
  const planned = await planImage({
    version: packageVersion(),
    bundlePath: serverBundlePath(),
    cacheDir: cacheDir(engines.env, engines.homeDir),
  });
  return {
    archive: imageArchive(planned),
    source: kind,
    reference: planned.tag,
    id: planned.id,
    warnings: [],
    async [Symbol.asyncDispose]() {},
  };
}

async function writeTo(stdout: Writable, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  for await (const chunk of archive) {
    signal.throwIfAborted();
    bytes += chunk.length;
    if (!stdout.write(chunk)) await once(stdout, 'drain', { signal });
  }
  return bytes;
}
