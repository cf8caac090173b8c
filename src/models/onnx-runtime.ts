/** The runtime of ONNX models: onnxruntime-web's WebAssembly build, which the server is told where to find. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What is needed of the package, both in its `dist` directory: the program, and the WebAssembly that it runs. */
export const onnxRuntimeFiles = { program: 'ort.wasm.bundle.min.mjs', wasm: 'ort-wasm-simd-threaded.wasm' } as const;

/** A tensor as the runtime has it; of strings, `data` is an array of them. */
export interface OnnxTensor {
  readonly type: string;
  readonly data: ArrayBufferView | string[];
  readonly dims: readonly number[];
}

/** What a session tells of one input or output. A dimension is a string where it has only a name. */
export type OnnxValueMetadata =
  | { name: string; isTensor: false }
  | { name: string; isTensor: true; type: string; shape: readonly (number | string)[] };

export interface OnnxSession {
  /** Absent before version 1.22. */
  readonly inputMetadata?: readonly OnnxValueMetadata[];
  readonly outputMetadata?: readonly OnnxValueMetadata[];
  run(feeds: Record<string, OnnxTensor>): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}

/** As much of onnxruntime-web as is used. Source: https://onnxruntime.ai/docs/api/js/ */
export interface OnnxRuntime {
  env: { logLevel: string; wasm: { numThreads?: number; proxy?: boolean; wasmBinary?: Uint8Array | undefined } };
  InferenceSession: { create(model: Uint8Array, options: object): Promise<OnnxSession> };
  Tensor: new (type: string, data: ArrayBufferView | readonly string[], dims: readonly number[]) => OnnxTensor;
}

/** Only errors: the runtime writes to the server's own output, past its log. */
const severityOfErrors = 3;

const runtimes = new Map<string, Promise<OnnxRuntime>>();

/**
 * The runtime in a directory, started once for all models of this process: it runs on the thread that calls it, takes its
 * WebAssembly from the directory, and asks no network. Rejects where it cannot be had.
 */
function onnxRuntime(directory: string): Promise<OnnxRuntime> {
  const known = runtimes.get(directory);
  if (known) return known;
  const runtime = startRuntime(directory);
  runtimes.set(directory, runtime);
  runtime.catch(() => runtimes.delete(directory));
  return runtime;
}

async function startRuntime(directory: string): Promise<OnnxRuntime> {
  const program = pathToFileURL(join(directory, onnxRuntimeFiles.program)).href;
  const runtime = (await import(/* @vite-ignore */ program)) as OnnxRuntime;
  runtime.env.logLevel = 'error';
  Object.assign(runtime.env.wasm, {
    numThreads: 1,
    proxy: false,
    wasmBinary: await readFile(join(directory, onnxRuntimeFiles.wasm)),
  });
  return runtime;
}

/** A model in memory as a session. Rejects with the runtime's own words where it cannot be read or run. */
export async function createOnnxSession(
  directory: string,
  model: Uint8Array,
): Promise<{ runtime: OnnxRuntime; session: OnnxSession }> {
  const runtime = await onnxRuntime(directory);
  const session = await runtime.InferenceSession.create(model, {
    executionProviders: ['wasm'],
    logSeverityLevel: severityOfErrors,
  });
  // Compiled by now, and 14 MB.
  runtime.env.wasm.wasmBinary = undefined;
  return { runtime, session };
}
