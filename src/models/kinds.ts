/** The one list of model kinds. */
import * as z from 'zod';
import { addSubKind } from './add-sub.js';
import { identityKind } from './identity.js';
import { linearKind } from './linear.js';
import type { Model } from './model.js';
import type { ModelContext } from './model-kind.js';
import { moduleKind } from './module.js';
import { onnxKind } from './onnx.js';
import { productKind } from './product.js';
import { scaleKind } from './scale.js';
import { sumKind } from './sum.js';

const kinds = [scaleKind, sumKind, productKind, linearKind, identityKind, addSubKind, moduleKind, onnxKind] as const;

/** One served model. `kind` says what it computes. */
export const modelConfigSchema = z.discriminatedUnion('kind', [
  scaleKind.schema,
  sumKind.schema,
  productKind.schema,
  linearKind.schema,
  identityKind.schema,
  addSubKind.schema,
  moduleKind.schema,
  onnxKind.schema,
]);

/** A model with every default filled in. */
export type ModelConfig = z.output<typeof modelConfigSchema>;
export type ModelKind = ModelConfig['kind'];
export type ModelConfigOf<Kind extends ModelKind> = Extract<ModelConfig, { kind: Kind }>;

type Create = (config: ModelConfig, context: ModelContext) => Model | Promise<Model>;
const creators = new Map<string, Create>(
  kinds.map(({ schema, create }) => [schema.shape.kind.value, create as unknown as Create]),
);

/** Makes one version of the model that a configuration describes. Throws or rejects where the load fails. */
export function createModel(config: ModelConfig, context: ModelContext): Model | Promise<Model> {
  const create = creators.get(config.kind);
  if (!create) throw new Error(`no model kind is called ${config.kind}`);
  return create(config, context);
}
