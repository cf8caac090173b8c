/** What a server is told at its start: models, ports, log level. Written by the host, read by the server. */
import * as z from 'zod';
import { datatypes } from './datatype.js';

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
    'letters, digits, ".", "_" and "-", at most 128, starting with a letter or digit',
  );

const numericDatatypes = datatypes.filter(
  (datatype) => datatype !== 'BOOL' && datatype !== 'BYTES' && datatype !== 'FP16' && datatype !== 'BF16',
);

const common = {
  name: name.describe('Name that clients ask for.'),
  aliases: z.array(name).max(32).default([]).describe('Further names for the same model.'),
  version: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'letters, digits, ".", "_" and "-", at most 64')
    .default('1')
    .describe('Version that the model answers with.'),
  strictInputs: z
    .boolean()
    .default(false)
    .describe("Require the model's own input names, as Triton does; else an unknown name binds by position."),
  output: z
    .enum(['mirror', 'raw', 'typed'])
    .default('mirror')
    .describe('Form of the outputs over gRPC: as the request came, or always raw, or always typed.'),
};

const elementWise = {
  ...common,
  datatype: z
    .enum([...numericDatatypes, 'any'])
    .default('FP64')
    .describe('Datatype of inputs and outputs; any takes the datatype of the request.'),
};

/** One served model. `kind` says what it computes. */
export const modelConfigSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('scale').describe('Multiplies every element by a factor.'),
    ...elementWise,
    factor: z.number().default(2).describe('The factor, unless the request carries a scale_factor parameter.'),
    input: name.default('input_tensor').describe('Name of the input.'),
    result: name.default('scaled_result').describe('Name of the output.'),
  }),
  z.strictObject({ kind: z.literal('sum').describe('Adds two tensors element by element.'), ...elementWise }),
  z.strictObject({ kind: z.literal('product').describe('Multiplies two tensors element by element.'), ...elementWise }),
  z.strictObject({
    kind: z.literal('linear').describe('Weighted sum of each row of FP64 features, plus a bias.'),
    ...common,
    weights: z.array(z.number()).min(1).max(4096).describe('One weight a feature.'),
    bias: z.number().default(0).describe('Added to every prediction.'),
  }),
  z.strictObject({
    kind: z.literal('identity').describe('Answers the input, whatever its datatype and shape.'),
    ...common,
  }),
  z.strictObject({
    kind: z
      .literal('add_sub')
      .describe("Sum and difference of INT32 [1,16] tensors: the model of Triton's client examples."),
    ...common,
  }),
]);

/** A model with every default filled in. */
export type ModelConfig = z.output<typeof modelConfigSchema>;
export type ModelKind = ModelConfig['kind'];
export type ModelConfigOf<Kind extends ModelKind> = Extract<ModelConfig, { kind: Kind }>;

const port = z.int().min(0).max(65_535);

/** The whole of what the server process reads, as JSON in the environment variable named below. */
export const serverConfigSchema = z.strictObject({
  /** Version of kserve-env, told in ServerMetadata. */
  version: z.string(),
  host: z.string().default('0.0.0.0'),
  /** 0 lets the system choose. */
  grpcPort: port.default(8081),
  httpPort: port.default(8080),
  logLevel: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
  models: z.array(modelConfigSchema),
});

export type ServerConfig = z.output<typeof serverConfigSchema>;

/** Environment variable that carries the ServerConfig as JSON. */
export const serverConfigVariable = 'KSERVE_ENV_SERVER_CONFIG';
