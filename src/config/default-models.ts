/** The models that are served when the config names none. */
import type { z } from 'zod';
import type { modelConfigSchema } from '../models/kinds.js';

/** As one writes it in a config file: everything but name and kind is optional. */
export type ModelDeclaration = z.input<typeof modelConfigSchema>;

/** Names and tensors are a contract with clients' examples; see docs/models.md. */
export const defaultModels: ModelDeclaration[] = [
  { name: 'simple_scaler', kind: 'scale', aliases: ['simple-scaler'], factor: 2 },
  { name: 'simple_sum', kind: 'sum', aliases: ['simple-sum'] },
  { name: 'simple_product', kind: 'product', aliases: ['simple-product'] },
  { name: 'linear_regression', kind: 'linear', weights: [2, 3], bias: 1 },
  { name: 'identity', kind: 'identity' },
  { name: 'simple', kind: 'add_sub' },
  { name: 'typed_scaler', kind: 'scale', datatype: 'any', factor: 2 },
];
