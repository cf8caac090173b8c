/** What a kind of model is: its configuration's schema, and how a model is made from one. A file of its own each. */
import * as z from 'zod';
import { durationText } from '../duration-text.js';
import { datatypes } from '../protocol/datatype.js';
import type { Model } from './model.js';

/** Names of models and tensors. */
export const nameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
    'letters, digits, ".", "_" and "-", at most 128, starting with a letter or digit',
  );

const versionSchema = z
  .union([z.string(), z.int().min(0).transform(String)])
  .pipe(z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'letters, digits, ".", "_" and "-", at most 64'));

/** What every model is declared with, whatever its kind. */
export const commonFields = {
  name: nameSchema.describe('Name that clients ask for.'),
  aliases: z.array(nameSchema).max(32).default([]).describe('Further names for the same model.'),
  versions: z
    .array(versionSchema)
    .min(1)
    .max(32)
    .default(['1'])
    .describe('Versions that exist, all alike; a request that names none gets the highest that is ready.'),
  strictInputs: z
    .boolean()
    .default(false)
    .describe("Require the model's own input names, as Triton does; else an unknown name binds by position."),
  output: z
    .enum(['mirror', 'raw', 'typed'])
    .default('mirror')
    .describe('Form of the outputs over gRPC: as the request came, or always raw, or always typed.'),
  parameters: z
    .record(z.string().min(1).max(128), z.union([z.string().max(4096), z.number(), z.boolean()]))
    .default({})
    .describe("Told in ModelConfig, and used as a request's parameters where the request has none of that name."),
  initial: z
    .enum(['loaded', 'unloaded', 'failed'])
    .default('loaded')
    .describe('State at the start: loaded, unloaded until RepositoryModelLoad, or failed as if its load had failed.'),
  loadDelay: durationText.optional().describe('How long the model is LOADING before it is READY, such as 3s.'),
  latency: durationText.optional().describe('What every inference takes at least, such as 50ms.'),
};

/** Settings of a model that computes on every element, whatever the shape. */
export const elementWiseFields = {
  datatype: z
    .enum([...datatypes.filter((datatype) => datatype !== 'BOOL' && datatype !== 'BYTES'), 'any'])
    .default('FP64')
    .describe('Datatype of inputs and outputs; any takes the datatype of the request.'),
  shape: shapeField([-1]),
};

/** A declared shape; −1 is a dimension of any size. */
export function shapeField(usual: number[]) {
  return z
    .array(z.int().min(-1))
    .max(32)
    .default(usual)
    .describe('Shape of inputs and outputs, -1 for a dimension of any size; [-1] takes every shape.');
}

/** What a model is made in. */
export interface ModelContext {
  /** The version to be, one of the configuration's. */
  version: string;
}

type KindSchema = z.ZodObject<{ kind: z.ZodLiteral<string> } & typeof commonFields>;

/** A kind of model. */
export interface ModelKindDefinition<Schema extends z.ZodObject> {
  /** The configuration: `kind`, the common fields, and the kind's own. */
  schema: Schema;
  /** Makes one version of a model. A throw or rejection is a failed load, its message the reason that clients see. */
  create(config: z.output<Schema>, context: ModelContext): Model | Promise<Model>;
}

/** Checks the types of a kind's definition, and returns it. */
export function defineModelKind<Schema extends KindSchema>(
  definition: ModelKindDefinition<Schema>,
): ModelKindDefinition<Schema> {
  return definition;
}

/** The datatype of the metadata for a configured one. */
export function metadataDatatype(configured: string): string {
  return configured === 'any' ? 'ANY' : configured;
}
