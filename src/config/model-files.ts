/** The files that models are made of: found, looked at before anything starts, and given a place in a container. */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { ModelConfig, ModelConfigOf } from '../models/kinds.js';
import { moduleEntry, moduleExtensions } from '../models/module-file.js';
import { onnxRuntimeFiles } from '../models/onnx-runtime.js';
import { type DigestOptions, digestOf, UnreadableFileError } from './file-digest.js';
import type { LoadedConfig } from './load.js';
import { findOnnxRuntime, hasOnnxRuntime, OnnxRuntimeMissingError } from './onnx-runtime.js';
import { type Finding, show } from './problems.js';

/** A file or directory that the server reads. */
export interface ModelFile {
  /** Absolute, and without links. */
  source: string;
  /** Where a container has it. */
  target: string;
  /** SHA-256 of its content, `sha256:…`: what changes there is another environment. */
  digest: string;
}

/** The models of a config as a container is told of them, and the files behind their paths. */
export interface ModelFiles {
  models: ModelConfig[];
  files: ModelFile[];
}

/** How the files will be read. */
export interface ReadOptions extends DigestOptions {
  /** For hints, absolute. */
  cwd: string;
}

type ModelOfFile = ModelConfigOf<'module' | 'onnx'>;

const isOfFile = (model: ModelConfig): model is ModelOfFile => model.kind === 'module' || model.kind === 'onnx';

/**
 * Looks at every path of a config's models.
 * @throws ConfigError with file and line of every path that cannot be served, OnnxRuntimeMissingError
 */
export async function readModelFiles(loaded: LoadedConfig, options: ReadOptions): Promise<ModelFiles> {
  const directory = dirname(loaded.path);
  const files: ModelFile[] = [];
  const findings: Finding[] = [];
  const runtimes = new Map<string, string>();
  let missing: string | undefined;

  /** What `work` gives; what it finds unreadable becomes a finding about `path`. */
  const noting = async <T>(path: PropertyKey[], work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UnreadableFileError)) throw error;
      findings.push({ path, expected: error.expected, got: error.got });
      return undefined;
    }
  };

  const runtimeOf = async (model: ModelConfigOf<'onnx'>, index: number): Promise<string | undefined> => {
    const source = model.runtime === undefined ? findOnnxRuntime(directory) : resolve(directory, model.runtime);
    if (source === undefined) {
      missing ??= model.name;
      return undefined;
    }
    const known = runtimes.get(source);
    if (known !== undefined) return known;
    const target = `/runtime/${runtimes.size}`;
    runtimes.set(source, target);
    await noting(['models', index, 'runtime'], async () => {
      files.push({ source, target, digest: await runtimeDigest(source, options) });
    });
    return target;
  };

  const inContainer = async (model: ModelConfig, index: number): Promise<ModelConfig> => {
    if (!isOfFile(model)) return model;
    const path = await noting(['models', index, 'path'], async () => {
      const source = await sourceOf(model, resolve(directory, model.path));
      const target = `/models/${index}/${basename(source) || 'model'}`;
      files.push({ source, target, digest: await digestOf(source, options) });
      return target;
    });
    if (model.kind === 'module') return { ...model, path: path ?? model.path };
    const runtime = await runtimeOf(model, index);
    return { ...model, path: path ?? model.path, ...(runtime !== undefined && { runtime }) };
  };

  const models: ModelConfig[] = [];
  for (const [index, model] of loaded.config.models.entries()) models.push(await inContainer(model, index));
  if (findings.length > 0) throw loaded.errorOf(findings);
  if (missing !== undefined) throw new OnnxRuntimeMissingError(missing, directory, options.cwd);
  return { models, files };
}

/** The path without links, once it is known to be what the model needs. */
async function sourceOf(model: ModelOfFile, path: string): Promise<string> {
  const what = model.kind === 'onnx' ? 'an ONNX file' : 'a JavaScript file or a directory with one';
  const refuse = (got: string): never => {
    throw new UnreadableFileError(what, got);
  };
  const source = await realpath(path).catch((error: NodeJS.ErrnoException) =>
    refuse(error.code === 'ENOENT' ? `nothing at ${path}` : `${error.code} for ${path}`),
  );
  const info = await stat(source).catch((error: NodeJS.ErrnoException) => refuse(`${error.code} for ${path}`));
  if (info.isDirectory()) {
    if (model.kind === 'onnx') return refuse(`the directory ${source}`);
    await moduleEntry(source).catch((error: unknown) => refuse(error instanceof Error ? error.message : String(error)));
    return source;
  }
  if (!info.isFile()) return refuse(`${info.isFIFO() ? 'the FIFO' : 'the special file'} ${source}`);
  if (model.kind === 'module' && !moduleExtensions.includes(extname(source))) {
    throw new UnreadableFileError(`a file that ends in ${moduleExtensions.join(', ')}, or a directory`, show(source));
  }
  return source;
}

/** Digest of the files that are used; a package's directory has ten times as many. */
async function runtimeDigest(directory: string, options: DigestOptions): Promise<string> {
  if (!hasOnnxRuntime(directory)) {
    const names = Object.values(onnxRuntimeFiles).join(' and ');
    throw new UnreadableFileError(`a directory with ${names} of onnxruntime-web`, show(directory));
  }
  const digests: string[] = [];
  for (const name of Object.values(onnxRuntimeFiles)) digests.push(await digestOf(join(directory, name), options));
  return digests.join(' ');
}
