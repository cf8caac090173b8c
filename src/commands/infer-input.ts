/** What an inference is made from, out of files and standard input: their form is told from their content. */
import { isUtf8 } from 'node:buffer';
import { addAbortSignal, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { UsageError } from '../errors.js';
import { parseJson } from '../protocol/json-text.js';
import { OipError } from '../protocol/status.js';
import type { CommandContext } from './context.js';
import { readNamedFile } from './named-file.js';
import { isNpy, type NamelessTensor, readNpy } from './npy.js';

/** What a file holds. */
export type InferInput =
  /** A request body as REST takes it. */
  | { kind: 'body'; bytes: Buffer }
  /** An array of numpy. */
  | { kind: 'tensor'; tensor: NamelessTensor }
  /** A JSON array, nested or not, or a single value; its datatype is for the model to say. */
  | { kind: 'values'; values: unknown }
  /** A JSON object of arrays, by the names of the model's inputs. */
  | { kind: 'named'; arrays: Record<string, unknown> };

/** Reads files, and standard input once, as `-`. */
export interface InputReader {
  /** @param flag the flag that names the file; begins messages. @throws UsageError for what holds no input */
  read(flag: string, path: string): Promise<InferInput>;
}

/** A reader of files beside the command, and of its standard input. */
export function inputReader({ cwd, signal }: CommandContext, stdin: Readable | undefined): InputReader {
  let reader: string | undefined;
  const bytesOf = async (flag: string, path: string): Promise<Buffer> => {
    if (path !== '-') return await readNamedFile(flag, path, cwd, signal);
    if (reader !== undefined) throw new UsageError(`${reader} and ${flag} cannot both read standard input`);
    reader = flag;
    // Nobody may ever write to it.
    return await buffer(addAbortSignal(signal, stdin ?? process.stdin));
  };
  return {
    read: async (flag, path) =>
      inputOf(await bytesOf(flag, path), `${flag}: ${path === '-' ? 'standard input' : path}`),
  };
}

/** Archives and streams whose first bytes tell what they are, and what is wanted in their place. */
const foreign = [
  {
    starts: 'PK\x03\x04',
    what: 'a .npz archive',
    hint: "numpy.save('x.npy', archive['name']) saves one of its arrays",
  },
  { starts: '\x1f\x8b', what: 'compressed by gzip', hint: 'gunzip -c FILE | kserve-env infer MODEL --input -' },
  { starts: '\x80', what: "a pickle of Python's", hint: "numpy.save('x.npy', a) saves an array" },
  { starts: 'PAR1', what: 'a Parquet file', hint: 'a JSON array or a .npy file is wanted' },
];

/** @param subject begins messages: `--input: x.npy`. @throws UsageError for what holds no input */
function inputOf(bytes: Buffer, subject: string): InferInput {
  if (bytes.byteLength === 0) throw new UsageError(`${subject} is empty`, { hint: wanted });
  if (isNpy(bytes)) return { kind: 'tensor', tensor: readNpy(bytes, subject) };
  const known = foreign.find(({ starts }) => bytes.toString('latin1', 0, starts.length) === starts);
  if (known) throw new UsageError(`${subject} is ${known.what}, which cannot be read`, { hint: known.hint });
  if (!isUtf8(bytes)) throw new UsageError(`${subject} is neither JSON nor a .npy file`, { hint: wanted });
  const value = jsonOf(bytes, subject);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'values', values: value };
  return isBody(value) ? { kind: 'body', bytes } : { kind: 'named', arrays: { ...value } };
}

const wanted = 'a request body of REST, a JSON array, a JSON object of arrays by input, or a .npy file';

function jsonOf(bytes: Buffer, subject: string): unknown {
  // Editors of Windows put a mark before what they save.
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof OipError)) throw error;
    const why = error.message.replace(/^The body is not valid JSON: /, '');
    throw new UsageError(`${subject} is neither JSON nor a .npy file: ${why}`, { hint: wanted, cause: error });
  }
}

/** A model may have an input of the name "inputs", whose array has no objects in it. */
function isBody(value: object): boolean {
  if (!('inputs' in value)) return false;
  const { inputs } = value;
  return !Array.isArray(inputs) || inputs.length === 0 || (typeof inputs[0] === 'object' && !Array.isArray(inputs[0]));
}
