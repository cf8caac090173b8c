/** Where onnxruntime-web is on this machine: an optional peer dependency, which the user installs. */
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ExitCode, KServeEnvError } from '../errors.js';
import { onnxRuntimeFiles } from '../models/onnx-runtime.js';
import { quotedWord } from '../shell-word.js';

/** A model needs the ONNX runtime, and it is not installed where it is looked for. */
export class OnnxRuntimeMissingError extends KServeEnvError {
  constructor(model: string, directory: string, cwd: string) {
    const prefix = directory === cwd ? '' : `--prefix ${quotedWord(directory)} `;
    super(
      'ONNX_RUNTIME_MISSING',
      ExitCode.usage,
      `The model ${model} is of kind onnx, and onnxruntime-web 1.22 or newer was found neither from ${directory} nor beside kserve-env`,
      { hint: `npm install ${prefix}onnxruntime-web@1`, details: { model, lookedFrom: directory } },
    );
  }
}

/** The directory with the runtime's files, as found from the config file's directory, then from kserve-env's own place. */
export function findOnnxRuntime(directory: string): string | undefined {
  for (const from of [join(directory, 'kserve-env.yaml'), import.meta.url]) {
    try {
      const dist = dirname(realpathSync(createRequire(from).resolve('onnxruntime-web/wasm')));
      if (hasOnnxRuntime(dist)) return dist;
    } catch {
      // Not installed there, or so old that it lacks that entry.
    }
  }
  return undefined;
}

/** Whether a directory has the files that are needed. */
export function hasOnnxRuntime(directory: string): boolean {
  return Object.values(onnxRuntimeFiles).every((name) => existsSync(join(directory, name)));
}
