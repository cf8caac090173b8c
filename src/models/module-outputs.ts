/** What a module's predict returned, checked against what it declared: nothing wrong may leave the server as an answer. */
import { type Datatype, type Elements, isDatatype } from '../protocol/datatype.js';
import { assertElementCount, fitsShape, formatShape, isFreeVector } from '../protocol/shape.js';
import { quoteName } from '../protocol/status.js';
import type { Parameters, Tensor, TensorMetadata } from '../protocol/tensor.js';
import { exactElements } from './exact-elements.js';

/**
 * The outputs in the order in which they are declared, with their datatype and shape filled in. Throws Error that names the
 * model, the output and what is wrong with it: that is a bug of the module, and no concern of the client.
 */
export function checkedOutputs(result: unknown, declared: readonly TensorMetadata[], model: string): Tensor[] {
  try {
    return inDeclaredOrder(result, declared);
  } catch (error) {
    const fact = error instanceof Error ? error.message : String(error);
    throw new Error(`model ${quoteName(model)} returned a wrong result: ${fact}`, { cause: error });
  }
}

function inDeclaredOrder(result: unknown, declared: readonly TensorMetadata[]): Tensor[] {
  if (!Array.isArray(result)) throw new Error(`predict must return an array of tensors, not ${typeOf(result)}`);
  const byName = new Map<string, Tensor>();
  for (const [index, tensor] of result.entries()) {
    const name: unknown = isRecord(tensor) ? tensor.name : undefined;
    if (!isRecord(tensor) || typeof name !== 'string') throw new Error(`output ${index} is no tensor with a name`);
    const metadata = declared.find((candidate) => candidate.name === name);
    if (!metadata) throw new Error(`output ${quoteName(name)} is not one that it declares`);
    if (byName.has(name)) throw new Error(`output ${quoteName(name)} is there twice`);
    byName.set(name, checkedOutput(tensor, metadata));
  }
  return declared.map(({ name }) => {
    const tensor = byName.get(name);
    if (!tensor) throw new Error(`output ${quoteName(name)} is missing`);
    return tensor;
  });
}

function checkedOutput(tensor: Record<string, unknown>, metadata: TensorMetadata): Tensor {
  const subject = `output ${quoteName(metadata.name)}`;
  const datatype = datatypeOf(tensor.datatype, metadata, subject);
  let data: Elements;
  try {
    data = exactElements(datatype, tensor.data);
  } catch (error) {
    throw new Error(`${subject}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const shape = shapeOf(tensor.shape, metadata.shape, data.length, subject);
  assertElementCount(data.length, shape, subject);
  const parameters = parametersOf(tensor.parameters, subject);
  return { name: metadata.name, datatype, shape, data, ...(parameters && { parameters }) };
}

function datatypeOf(given: unknown, { datatype: declared }: TensorMetadata, subject: string): Datatype {
  const datatype = given ?? declared;
  if (typeof datatype !== 'string' || !isDatatype(datatype)) {
    throw new Error(`${subject}: datatype is ${given === undefined ? 'missing, and declared as ANY' : String(given)}`);
  }
  if (declared !== 'ANY' && datatype !== declared) {
    throw new Error(`${subject}: datatype is ${datatype}, the model declares ${declared}`);
  }
  return datatype;
}

function shapeOf(given: unknown, declared: readonly number[], length: number, subject: string): number[] {
  if (given === undefined) {
    if (!declared.includes(-1)) return [...declared];
    if (declared.length === 1) return [length];
    throw new Error(`${subject}: shape is missing, and ${formatShape(declared)} does not tell it`);
  }
  if (!Array.isArray(given) || !given.every((size) => typeof size === 'number')) {
    throw new Error(`${subject}: shape is no array of numbers`);
  }
  const shape: number[] = given;
  if (isFreeVector(declared) || fitsShape(declared, shape)) return [...shape];
  throw new Error(`${subject}: shape is ${formatShape(shape)}, the model declares ${formatShape(declared)}`);
}

function parametersOf(given: unknown, subject: string): Parameters | undefined {
  if (given === undefined) return undefined;
  const allowed = ['boolean', 'bigint', 'number', 'string'];
  if (isRecord(given) && Object.values(given).every((value) => allowed.includes(typeof value))) {
    return given as Parameters;
  }
  throw new Error(`${subject}: parameters are no object of booleans, numbers and strings`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value === 'object' ? 'an object' : typeof value;
}
