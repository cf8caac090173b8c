/** Mutations of JSON as a tree, and then of its text. An input may begin with a line `#LENGTH` for the header of binary bodies. */
import type { Random } from '../torture/random.js';
import { mutateBytes } from './mutate.js';

const oddValues: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  'FP64',
  'BYTES',
  'INT64',
  'UINT8',
  'FP16',
  'BOOL',
  '\ud800',
  'NaN',
  'base64',
  '__proto__',
  [],
  {},
  [[]],
  [[1], [2, 3]],
  [1, 2, 3],
  { a: 1 },
  'x'.repeat(2_000),
  [null],
  8_388_609,
];
const oddTexts = [
  '1e400',
  '-1e400',
  'NaN',
  '-Infinity',
  '9223372036854775808',
  '-9223372036854775809',
  '12345678901234567890123',
  '9007199254740993',
  '-0',
  '-0.0',
  '01',
  '1.',
  '.5',
  '\\u0000',
  '\\ud800',
  '\\x',
  '"__proto__":{},',
  ',',
  '[',
  ']',
  '{',
  '}',
  '"',
  ':',
  '\u2028',
  '\0',
  '\ufeff',
  '//',
  '["',
  `${'['.repeat(150)}`,
  '{"a":'.repeat(120),
  '1'.repeat(400),
];
const names = [
  'name',
  'shape',
  'datatype',
  'data',
  'inputs',
  'outputs',
  'parameters',
  'id',
  'binary_data_size',
  'binary_data',
  'content_type',
  'binary_data_output',
  '__proto__',
  'toString',
  '',
];

/** What an input says for the header of its length, and its body. */
export function splitBody(input: Buffer): { header?: string; body: Buffer } {
  if (input[0] !== 0x23) return { body: input };
  const end = input.indexOf(0x0a);
  if (end === -1) return { body: input };
  return { header: input.toString('latin1', 1, end), body: input.subarray(end + 1) };
}

export function mutateJson(input: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  const { header, body } = splitBody(input);
  const length = header === undefined ? body.byteLength : Math.min(Number(header) || 0, body.byteLength);
  let json: Buffer = body.subarray(0, length);
  let binary: Buffer = body.subarray(length);
  const tree = parsed(json);
  if (tree !== undefined && random.whole(0, 4) > 0) {
    const root = { root: tree };
    for (let left = random.whole(1, 4); left > 0; left--) changeNode(root, random);
    json = Buffer.from(JSON.stringify(root.root) ?? 'null');
  }
  if (tree === undefined || random.whole(0, 2) === 0) json = mutateBytes(json, random, others, oddTexts);
  if (binary.byteLength > 0 && random.whole(0, 3) === 0) binary = mutateBytes(binary, random, others);
  if (header === undefined) return json;
  const said =
    random.whole(0, 4) > 0 ? json.byteLength : random.pick([0, -1, 1, json.byteLength + 1, 2 ** 31, '', 'x', 1e21]);
  return Buffer.concat([Buffer.from(`#${said}\n`), json, binary]);
}

function parsed(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

type Tree = Record<string, unknown>;

function changeNode(root: Tree, random: Random): void {
  const nodes = objectsOf(root);
  const node = random.pick(nodes);
  const keys = Object.keys(node);
  const key = keys.length > 0 ? random.pick(keys) : 'root';
  const value = node[key];
  switch (random.whole(0, 7)) {
    case 0:
      if (Array.isArray(node)) node.splice(Number(key), 1);
      else if (node !== root) delete node[key];
      break;
    case 1:
      if (Array.isArray(node)) node.push(...Array(random.whole(0, 9) === 0 ? 300 : 2).fill(value));
      else node[random.pick(names)] = value;
      break;
    case 2:
      node[key] = [value];
      break;
    case 3:
      node[key] = { [random.pick(names)]: value };
      break;
    case 4: {
      const donor = random.pick(nodes);
      node[key] = donor === root ? value : structuredClone(donor);
      break;
    }
    default:
      node[key] = structuredClone(random.pick(oddValues));
  }
}

function objectsOf(node: Tree): Tree[] {
  const found: Tree[] = [node];
  for (const one of found) {
    for (const value of Object.values(one)) if (typeof value === 'object' && value !== null) found.push(value as Tree);
    if (found.length > 200) break;
  }
  return found;
}
