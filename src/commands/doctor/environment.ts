/** Checks of the environment that `up` would make: its config, its models' files, its image, its ports. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { LoadedConfig } from '../../config/load.js';
import { type Engine, type EngineInfo, PortTakenError } from '../../engine/engine.js';
import { ImageError } from '../../engine/image-store.js';
import { ExitCode } from '../../errors.js';
import { type HostRuntime, hostRuntime } from '../../image/host-runtime.js';
import { decideImageSource, type HostPlatform, type ImageWish } from '../../image/source.js';
import { assertFree } from '../preflight.js';
import { bytesWord, type Finding, failed, failedWith, passed, skipped, warned } from './finding.js';

/** A config that could be loaded; what is wrong with another one is said by its ConfigError. */
export function judgeConfig({ path, exists, name, config, setOutside }: LoadedConfig): Finding {
  const models = config.models.length === 1 ? 'a model' : `${config.models.length} models`;
  const outside = setOutside.length === 0 ? '' : `; set by flag or variable: ${setOutside.join(', ')}`;
  return passed(`${exists ? path : 'no kserve-env.yaml here, so the defaults'}: ${name} with ${models}${outside}`, {
    path,
    exists,
    name,
  });
}

/** @param files absolute paths of what the models are made of */
export function judgeModelFiles(files: string[]): Finding {
  if (files.length === 0) return skipped('no model is made of a file');
  return passed(
    `${files.length === 1 ? 'one file or directory' : `${files.length} files and directories`} can be read`,
    {
      files,
    },
  );
}

/** Whom the image is for, and what makes the choice. */
export interface ImageFacts {
  engine: EngineInfo;
  wish: ImageWish;
  machine: HostPlatform;
  /** `auto` may go on without a daemon. */
  preference: string;
}

/** Where the image would come from; with everything left to us, an engine that we have no image for is no failure. */
export function judgeImageSource({ engine, wish, machine, preference }: ImageFacts): Finding {
  try {
    const { kind, reason } = decideImageSource(engine, wish, machine);
    return passed(reason, { source: kind });
  } catch (error) {
    if (!(error instanceof ImageError) || preference !== 'auto' || wish.source !== 'auto') return failedWith(error);
    const remedy = error.hint ?? 'use --engine process, which needs no image';
    return warned(`${error.message}; local processes will be used`, remedy, { code: error.code });
  }
}

/** @param unreadable files of this machine's Node that an image is made of, and that cannot be read */
export function judgeRuntime(runtime: Pick<HostRuntime, 'files'>, unreadable: string[]): Finding {
  const [first] = unreadable;
  if (first !== undefined) {
    const others = unreadable.length === 1 ? '' : `, nor ${unreadable.length - 1} others`;
    const remedy = `sudo chmod a+r ${first}; or use --engine process, which needs no image`;
    return failed(`${first} cannot be read${others}`, remedy, ExitCode.image, { unreadable });
  }
  const size = runtime.files.reduce((sum, file) => sum + file.size, 0);
  return passed(`${runtime.files.length} files, ${bytesWord(size)}`, { files: runtime.files.length, size });
}

/** Looks whether every file of this machine's Node can be read. */
export async function lookAtRuntime(): Promise<Finding> {
  const runtime = await hostRuntime();
  const answers = await Promise.all(
    runtime.files.map(async ({ source }) => {
      const refused = await access(source, constants.R_OK).then(
        () => false,
        () => true,
      );
      return refused ? source : undefined;
    }),
  );
  return judgeRuntime(
    runtime,
    answers.filter((path) => path !== undefined),
  );
}

/** A fixed port, and who has it: nobody, our own running environment, or somebody else. */
export interface PortFacts {
  port: number | 'auto';
  /** Of the environment of this name, while it runs. */
  ownName?: string | undefined;
  /** Why it cannot be had. */
  problem?: unknown;
}

/** @throws what a port check throws beside errors with a name */
export function judgePort({ port, ownName, problem }: PortFacts): Finding {
  if (port === 'auto') return passed('auto: the engine chooses a free one', { port });
  if (ownName !== undefined) return passed(`${port} is ${ownName}'s own, which is running`, { port, holder: ownName });
  if (problem === undefined) return passed(`${port} is free on 127.0.0.1`, { port });
  return failedWith(problem);
}

/** Looks at one port as `up` does before it starts anything. */
export async function lookAtPort(
  port: number | 'auto',
  name: string,
  engines: Engine[],
  signal: AbortSignal,
): Promise<PortFacts> {
  if (port === 'auto') return { port };
  for (const engine of engines) {
    const own = await engine.inspect(name, signal);
    if (own?.state === 'running' && Object.values(own.endpoints ?? {}).includes(port)) return { port, ownName: name };
  }
  try {
    await assertFree(engines, port, signal);
    return { port };
  } catch (problem) {
    if (problem instanceof PortTakenError || !signal.aborted) return { port, problem };
    throw problem;
  }
}
