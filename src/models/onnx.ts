/** onnx: what an ONNX file computes, by onnxruntime-web's WebAssembly build (docs/decisions/0009-onnx-runtime.md). */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { oipError } from '../protocol/status.js';
import type { Tensor } from '../protocol/tensor.js';
import { filePath } from './file-path.js';
import { inputAt } from './model.js';
import { commonFields, defineModelKind } from './model-kind.js';
import { createOnnxSession, type OnnxSession, type OnnxTensor } from './onnx-runtime.js';
import { scalarNames } from './onnx-scalars.js';
import { fromOnnxTensor, onnxMetadata, toOnnxTensor } from './onnx-tensors.js';

/** The name that Triton has for it. */
const platform = 'onnxruntime_onnx';

/** Inputs and outputs are those of the file. */
export const onnxKind = defineModelKind({
  schema: z.strictObject({
    kind: z.literal('onnx').describe('What an ONNX file computes.'),
    ...commonFields,
    path: filePath.describe('The .onnx file, relative to this file.'),
    runtime: filePath
      .optional()
      .describe("Directory with onnxruntime-web's files; found in node_modules unless given. Relative to this file."),
  }),
  async create({ path, runtime: directory }) {
    if (directory === undefined) throw new Error('nobody said where onnxruntime-web is: runtime is missing');
    const file = await readFile(path);
    const { runtime, session } = await createOnnxSession(directory, file).catch((error: unknown) => {
      throw new Error(runtimeWords(error), { cause: error });
    });
    const { inputs, outputs } = metadataOf(session, file);
    return {
      platform,
      inputs,
      outputs,
      async predict(tensors): Promise<Tensor[]> {
        const feeds: Record<string, OnnxTensor> = {};
        for (const [index, { name }] of inputs.entries()) feeds[name] = toOnnxTensor(runtime, inputAt(tensors, index));
        const results = await session.run(feeds).catch((error: unknown) => {
          throw forClient(error);
        });
        return outputs.map((output) => {
          const result = results[output.name];
          if (!result) throw new Error(`the ONNX runtime gave no output ${output.name}`);
          return fromOnnxTensor(result, output);
        });
      },
      close: () => session.release(),
    };
  },
});

function metadataOf({ inputMetadata, outputMetadata }: OnnxSession, file: Uint8Array) {
  if (!inputMetadata || !outputMetadata) {
    throw new Error('this onnxruntime-web tells no metadata; version 1.22 or newer is needed');
  }
  const scalars = scalarNames(file);
  return {
    inputs: inputMetadata.map((value) => onnxMetadata(value, 'input', scalars)),
    outputs: outputMetadata.map((value) => onnxMetadata(value, 'output', scalars)),
  };
}

/** The runtime's message in one line, without the paths of the machine that it was built on. */
function runtimeWords(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replaceAll(/\/\S*\/onnxruntime\/core\//g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/**
 * The runtime says by its code 2 that an input cannot be used, and any other way that something went wrong.
 * Source: https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_c_api.h (OrtErrorCode)
 */
function forClient(error: unknown): unknown {
  const words = runtimeWords(error);
  const told = /ERROR_CODE: 2, ERROR_MESSAGE: (.*)/.exec(words)?.[1];
  return told === undefined ? error : oipError('INVALID_ARGUMENT', told, { cause: error });
}
