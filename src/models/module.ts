/** module: whatever a JavaScript module of the user computes. It runs in the server, with all that the server may do. */
import * as z from 'zod';
import { datatypes } from '../protocol/datatype.js';
import { oipErrorOfStatus } from '../protocol/status.js';
import type { TensorMetadata } from '../protocol/tensor.js';
import { filePath } from './file-path.js';
import { type Model, platformPrefix } from './model.js';
import { commonFields, defineModelKind } from './model-kind.js';
import { importModule } from './module-file.js';
import { checkedOutputs } from './module-outputs.js';
import type { ModelModule, ModuleModel } from './module-types.js';

const tensorsSchema = z
  .array(
    z.object({
      name: z.string().min(1).max(256),
      datatype: z.enum([...datatypes, 'ANY']),
      shape: z.array(z.int().min(-1)).max(32),
    }),
  )
  .max(256)
  .refine((tensors) => new Set(tensors.map(({ name }) => name)).size === tensors.length, {
    error: 'a name is there twice',
  });

const functionSchema = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', {
  error: 'expected a function',
});

/** What createModel must return. Functions are called on the object itself, so that `this` is what its author expects. */
const modelSchema = z.object({
  platform: z.string().min(1).max(256).default(`${platformPrefix}module`),
  inputs: tensorsSchema,
  outputs: tensorsSchema.refine((tensors) => tensors.length > 0, { error: 'expected at least one' }),
  predict: functionSchema,
  validate: functionSchema.optional(),
  close: functionSchema.optional(),
});

/** Inputs and outputs are those that the module declares. */
export const moduleKind = defineModelKind({
  schema: z.strictObject({
    kind: z.literal('module').describe('What a JavaScript module computes, which exports createModel.'),
    ...commonFields,
    path: filePath.describe(
      'A .mjs, .js or .cjs file, or a directory with index.mjs, index.js or a package.json; relative to this file.',
    ),
  }),
  async create({ name, path, parameters }, { version }) {
    const createModel = createModelOf(await importModule(path));
    return checkedModel(name, await createModel({ name, version, parameters: { ...parameters } }));
  },
});

/** The export, or that of what CommonJS exports as a whole. */
function createModelOf(exported: Record<string, unknown>): ModelModule['createModel'] {
  const whole = exported.default as Record<string, unknown> | null | undefined;
  const found = exported.createModel ?? whole?.createModel;
  if (typeof found === 'function') return found as ModelModule['createModel'];
  const names = Object.keys(exported).join(', ') || 'nothing';
  throw new Error(`the module must export a function createModel; it exports ${names}`);
}

function checkedModel(name: string, made: ModuleModel): Model {
  const parsed = modelSchema.safeParse(made);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => (path.length ? `${path.join('.')}: ` : '') + message);
    throw new Error(`createModel returned no model: ${issues.slice(0, 5).join('; ')}`);
  }
  const { platform, inputs, outputs } = parsed.data;
  const answer = (result: unknown) => checkedOutputs(result, outputs as TensorMetadata[], name);
  const { validate, close } = made;
  return {
    platform,
    inputs,
    outputs,
    ...(validate && {
      validate(tensors, parameters) {
        try {
          validate.call(made, tensors, parameters);
        } catch (error) {
          throw forClient(error);
        }
      },
    }),
    predict(tensors, parameters) {
      let result: unknown;
      try {
        result = made.predict(tensors, parameters);
      } catch (error) {
        throw forClient(error);
      }
      if (!isThenable(result)) return answer(result);
      return Promise.resolve(result).then(answer, (error: unknown) => {
        throw forClient(error);
      });
    },
    ...(close && { close: () => close.call(made) }),
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}

/** An error that says by its code what a client should know of it, as that; any other one as it is. */
function forClient(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  return (typeof code === 'string' && oipErrorOfStatus(code, error.message, { cause: error })) || error;
}
