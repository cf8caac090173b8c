/** What a model computes, as far as it is known: of our own models from their configuration, of others when somebody says so. */
import type { ModelConfig } from '../models/kinds.js';

/** A known computation. */
export type Mathematics =
  | { kind: 'scale'; factor: number }
  | { kind: 'sum' }
  | { kind: 'product' }
  | { kind: 'add_sub' }
  | { kind: 'identity' }
  | { kind: 'linear'; weights: number[]; bias: number };

/** What a model of ours computes; undefined where that is its author's to say. */
export function mathematicsOf(model: ModelConfig): Mathematics | undefined {
  switch (model.kind) {
    case 'scale': {
      const { scale_factor: factor = model.factor } = model.parameters;
      return typeof factor === 'number' ? { kind: 'scale', factor } : undefined;
    }
    case 'linear':
      return { kind: 'linear', weights: model.weights, bias: model.bias };
    case 'sum':
    case 'product':
    case 'add_sub':
    case 'identity':
      return { kind: model.kind };
    case 'module':
    case 'onnx':
      return undefined;
  }
}

/** What is expected of a model, or of every model where none is named. */
export interface Expectation {
  model?: string;
  mathematics: Mathematics;
}

/**
 * Words such as `scale=2.0`, `simple_sum:sum`, `m:linear=2,-1,0.5+1` (weights, then a bias after `+`).
 * @returns undefined for words that say nothing
 */
export function expectationOf(words: string): Expectation | undefined {
  const [, model, kind = '', value] = /^(?:([^:=]+):)?([a-z_]+)(?:=(.+))?$/.exec(words) ?? [];
  const mathematics = mathematicsOfWords(kind, value);
  return mathematics && { ...(model !== undefined && { model }), mathematics };
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function mathematicsOfWords(kind: string, value: string | undefined): Mathematics | undefined {
  if (kind === 'scale' && value !== undefined) {
    return decimal.test(value) ? { kind, factor: Number(value) } : undefined;
  }
  if (kind === 'linear' && value !== undefined) {
    const [list = '', bias = '0', ...rest] = value.split('+');
    const weights = list.split(',');
    if (rest.length > 0 || ![...weights, bias].every((word) => decimal.test(word))) return undefined;
    return { kind, weights: weights.map(Number), bias: Number(bias) };
  }
  if (value !== undefined) return undefined;
  return kind === 'sum' || kind === 'product' || kind === 'add_sub' || kind === 'identity' ? { kind } : undefined;
}
