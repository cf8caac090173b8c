/**
 * The members of REST messages, read by hand: a request passes here before anything is known of it, thousands of times
 * a second. Every reader throws INVALID_ARGUMENT with the path of the member that is wrong, TOO_LARGE beyond a limit.
 */
import { assertDimensionLimit, assertParameterLimit, assertTensorLimit, type MessageLimits } from './message-limits.js';
import { oipError } from './status.js';
import type { Parameters, RequestedOutput } from './tensor.js';

/** A tensor as its message has it; `data` is whatever JSON came, undefined where the member is missing or null. */
export interface JsonTensor {
  name: string;
  datatype: string;
  shape: number[];
  parameters: Parameters;
  data: unknown;
}

export type JsonObject = Readonly<Record<string, unknown>>;

function wrong(path: string, expected: string, value: unknown): Error {
  const kind = Array.isArray(value) ? 'an array' : value === null ? 'null' : typeof value;
  const got = value === undefined ? 'it is missing' : `got ${kind}`;
  return oipError('INVALID_ARGUMENT', `${path}: expected ${expected}, ${got}`);
}

/** The message itself. */
export function readObject(value: unknown, path: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, 'an object', value);
  return value as JsonObject;
}

/** A member that is text, or empty where it is missing or null. */
export function readText(value: unknown, path: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw wrong(path, 'a string', value);
  return value;
}

/** The parameters that the protocol has a type for; nested ones are for other servers' extensions. */
export function readParameters(value: unknown, path: string): Parameters {
  if (value === undefined || value === null) return {};
  const object = readObject(value, path);
  const keys = Object.keys(object);
  assertParameterLimit(keys.length);
  const parameters: [string, Parameters[string]][] = [];
  for (const key of keys) {
    const one = object[key];
    if (typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean' || typeof one === 'bigint') {
      parameters.push([key, one]);
    }
  }
  // Unlike an assignment, this makes a member even of `__proto__`.
  return Object.fromEntries(parameters);
}

/** The inputs of a request, or the outputs of a response. */
export function readTensors(value: unknown, path: string, limits: Readonly<MessageLimits>): JsonTensor[] {
  if (!Array.isArray(value)) throw wrong(path, 'an array', value);
  assertTensorLimit(value.length, limits, path);
  return value.map((one: unknown, index) => {
    // Paths are made where they are needed: for a refusal, or for members that are rare.
    if (typeof one !== 'object' || one === null) throw wrong(`${path}[${index}]`, 'an object', one);
    const { name, datatype, shape, parameters, data } = one as JsonObject;
    if (typeof name !== 'string') throw wrong(`${path}[${index}].name`, 'a string', name);
    if (typeof datatype !== 'string') throw wrong(`${path}[${index}].datatype`, 'a string', datatype);
    return {
      name,
      datatype,
      shape: readShape(shape, path, index),
      parameters: parameters === undefined ? {} : readParameters(parameters, `${path}[${index}].parameters`),
      data: data ?? undefined,
    };
  });
}

/** The outputs that a request asks for; none where the member is missing or null. */
export function readRequestedOutputs(value: unknown, limits: Readonly<MessageLimits>): RequestedOutput[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong('outputs', 'an array', value);
  assertTensorLimit(value.length, limits, 'outputs');
  return value.map((one: unknown, index) => {
    const at = `outputs[${index}]`;
    const { name, parameters } = readObject(one, at);
    if (typeof name !== 'string') throw wrong(`${at}.name`, 'a string', name);
    return { name, parameters: readParameters(parameters, `${at}.parameters`) };
  });
}

/** Dimensions as numbers; what is no dimension is for the shape's own check to refuse. */
function readShape(value: unknown, path: string, tensor: number): number[] {
  if (!Array.isArray(value)) throw wrong(`${path}[${tensor}].shape`, 'an array', value);
  assertDimensionLimit(value.length);
  return value.map((dimension: unknown, axis) => {
    if (typeof dimension === 'number') return dimension;
    if (typeof dimension === 'bigint') return Number(dimension);
    throw wrong(`${path}[${tensor}].shape[${axis}]`, 'an integer', dimension);
  });
}
