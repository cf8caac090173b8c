/** How mutations of the table are written: a row says what is wrong, and what the cases must say of it. */
import type { SuiteName, Transport } from '../../src/checks/case.js';
import { OipError } from '../../src/protocol/status.js';
import type { InferRequest, InferResponse, Tensor } from '../../src/protocol/tensor.js';
import type { Behaviour, Inference, Mutation } from './mutant-behaviour.js';

/** A mutation, and how it is caught. */
export interface TableMutation extends Mutation {
  /**
   * What at least one failure of each suite says, as `id: message`: a mutant is caught for what is wrong with it, and for
   * nothing else.
   */
  says: Readonly<Partial<Record<SuiteName, RegExp>>>;
  /** Where it is wrong; over both unless given. */
  over?: readonly Transport[];
  /** Where to look, as `--case` has it; everywhere unless given. Others may well find it, too, and later. */
  cases?: readonly string[];
  /** It hangs: calls are given so many milliseconds. */
  timeoutMs?: number;
}

/** A row of the table. */
export function mutant(row: Omit<TableMutation, 'suites'>): TableMutation {
  return { ...row, suites: Object.keys(row.says) as SuiteName[] };
}

/** Changes every answer that is no error. What the change returns counts, or else the answer as it was changed in place. */
export function answers(
  change: (answer: InferResponse, inference: Inference) => InferResponse | OipError | undefined,
): () => Behaviour {
  return () => ({
    infer(inference) {
      const { answer } = inference;
      return answer instanceof OipError ? undefined : (change(answer, inference) ?? answer);
    },
  });
}

/** Changes every output in place. */
export function outputs(change: (output: Tensor) => void): () => Behaviour {
  return answers(({ outputs: all }) => {
    all.forEach(change);
  });
}

/** Changes every request that can be read, in place. */
export function requests(change: (request: InferRequest) => void): () => Behaviour {
  return () => ({
    ask(request) {
      change(request);
      return request;
    },
  });
}

/** Adds one to an element; the next bit pattern for halves, a letter for text, the opposite for BOOL. */
export function changeElement({ datatype, data }: Tensor, index: number): void {
  if (index < 0 || index >= data.length) return;
  if (Array.isArray(data)) data[index] = Buffer.concat([data[index] as Uint8Array, Buffer.from('x')]);
  else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[index] = (data[index] as bigint) + 1n;
  else if (datatype === 'BOOL') data[index] = 1 - (data[index] as number);
  else data[index] = (data[index] as number) + 1;
}

/** Puts another element in the place of each. */
export function replaceEach<T>(data: { length: number; [index: number]: T }, change: (value: T) => T): void {
  for (let index = 0; index < data.length; index++) data[index] = change(data[index] as T);
}

/** A promise that never settles. */
export const never = (): Promise<never> => new Promise(() => {});
