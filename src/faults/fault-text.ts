/**
 * Faults as one line of text: `delay=200ms jitter=50ms, status=UNAVAILABLE message="try later"`. Faults are parted by
 * commas, the words of one by spaces; `kind=value` gives the kind's main setting, every other word is `setting=value`.
 */
import { oipError } from '../protocol/status.js';
import { type Fault, type FaultInput, faultSchema, strikesCalls } from './fault.js';
import { type FaultKind, faultKindNames, faultKinds } from './kinds.js';

/** Header, or gRPC metadata, by which a call asks for faults that strike it alone. */
export const faultHeader = 'x-kserve-env-fault';

/** What is wrong with a text of faults. */
export class FaultTextError extends Error {}

/** Most faults of one text. */
const mostFaults = 10;

/**
 * The faults of a text, unchecked but for their kinds. Throws FaultTextError.
 * @param others kinds of faults that are not the server's own; what `kind=value` gives one of these is its `value`
 */
export function readFaultText(text: string, others: readonly string[] = []): FaultInput[] {
  const faults = partsOf(text);
  if (faults.length > mostFaults)
    throw new FaultTextError(`at most ${mostFaults} faults at once, and there are ${faults.length}`);
  return faults.map((words) => faultOf(words, others));
}

/** The faults of a call's header. Throws INVALID_ARGUMENT, in words that say what would be right. */
export function parseHeaderFaults(text: string): Fault[] {
  try {
    return readFaultText(text).map((input) => {
      const parsed = faultSchema.safeParse(input);
      if (!parsed.success) throw new FaultTextError(parsed.error.issues.map(describe).join('; '));
      return forOneCall(parsed.data);
    });
  } catch (error) {
    if (!(error instanceof FaultTextError)) throw error;
    throw oipError('INVALID_ARGUMENT', `${faultHeader}: ${error.message}`);
  }
}

function forOneCall(fault: Fault): Fault {
  const { kind, seed: _, ...rest } = fault;
  const { trigger, concern } = faultKinds[kind];
  if (trigger === 'now' || concern === 'process') {
    throw new FaultTextError(`${kind} concerns more than one call; use \`kserve-env fault add\``);
  }
  const condition = (
    ['model', 'rpc', 'transport', 'header', 'percent', 'first', 'every', 'after', 'for'] as const
  ).find((name) => (rest as Partial<Fault>)[name] !== undefined);
  if (condition)
    throw new FaultTextError(`${condition} chooses among calls, and a header strikes the one that it is in`);
  return fault;
}

/** Whether a fault may be asked for in a header. */
export function mayBeInHeader(kind: FaultKind): boolean {
  return strikesCalls({ kind, rpc: 'any' } as Fault) && faultKinds[kind].concern !== 'process';
}

function describe({ path, message }: { path: PropertyKey[]; message: string }): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}

/** The words of each fault. Quotes keep what they hold together, and a backslash in them the character after it. */
function partsOf(text: string): string[][] {
  const faults: string[][] = [[]];
  const words = /\s*(?:(,)|((?:[^\s,"]|"(?:[^"\\]|\\.)*")+))/gy;
  let end = 0;
  for (const match of text.matchAll(words)) {
    end = match.index + match[0].length;
    if (match[1]) faults.push([]);
    else
      faults
        .at(-1)
        ?.push((match[2] ?? '').replace(/"((?:[^"\\]|\\.)*)"/g, (_, inner: string) => inner.replace(/\\(.)/g, '$1')));
  }
  if (text.slice(end).trim() !== '')
    throw new FaultTextError(`a quote is not closed: ${text.slice(end).trim().slice(0, 40)}`);
  if (faults.some((words) => words.length === 0))
    throw new FaultTextError('a fault is empty; write one as delay=200ms');
  return faults;
}

function faultOf([first = '', ...settings]: string[], others: readonly string[]): FaultInput {
  const [kind, value] = halves(first);
  const isOther = others.includes(kind);
  if (!isOther && !Object.hasOwn(faultKinds, kind)) {
    throw new FaultTextError(`there is no fault ${kind.slice(0, 40)}; there are ${faultKindNames.join(', ')}`);
  }
  const main = isOther ? 'value' : (faultKinds[kind as FaultKind] as { main?: string }).main;
  if (value !== undefined && main === undefined) throw new FaultTextError(`${kind} takes no value`);
  const input: FaultInput = { kind: kind as FaultKind };
  if (value !== undefined && main !== undefined) input[main] = typed(value);
  for (const word of settings) {
    const [name, setting] = halves(word);
    if (setting === undefined) throw new FaultTextError(`${word.slice(0, 40)}: expected setting=value`);
    if (Object.hasOwn(input, name)) throw new FaultTextError(`${name.slice(0, 40)} is given twice`);
    input[name] = textual.has(name) ? setting : typed(setting);
  }
  return input;
}

/** Settings that are texts, whatever they look like. */
const textual = new Set(['model', 'header', 'message', 'reason', 'rpc', 'transport']);

function halves(word: string): [string, string | undefined] {
  const equals = word.indexOf('=');
  return equals === -1 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

/** Numbers and truth values are what they look like; a percentage may have its sign. */
function typed(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?%?$/i.test(text) ? Number(text.replace('%', '')) : text;
}
