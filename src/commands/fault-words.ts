/** Faults as they are typed or written in a program, made into faults that a server or an engine can be told. */
import { findingsOf } from '../config/findings.js';
import { parseDuration } from '../duration.js';
import { UsageError } from '../errors.js';
import { type EngineFaultName, engineFaultNames, isEngineFault } from '../faults/engine-faults.js';
import { type Conditions, type Fault, type FaultInput, faultSchema } from '../faults/fault.js';
import { FaultTextError, readFaultText } from '../faults/fault-text.js';

/** A fault of the engine, and how long it lasts in milliseconds. */
export interface EngineFault {
  name: EngineFaultName;
  forMs?: number;
}

/** What is ordered: faults of the server, or one of the engine. */
export type Ordered = { server: Fault[] } | { engine: EngineFault };

const hint = 'kserve-env fault kinds tells every fault with its settings';

/**
 * @param conditions for each fault that does not say otherwise
 * @throws UsageError with all that is wrong
 */
export function orderedFaults(given: readonly (string | FaultInput)[], conditions: Conditions): Ordered {
  const inputs = given
    .flatMap((one) => (typeof one === 'string' ? textFaults(one) : [one]))
    .map((input) => ({ ...defined(conditions), ...input }));
  for (const input of inputs) {
    const name: string = input.kind;
    if (isEngineFault(name)) return { engine: engineFaultOf(name, input, inputs.length === 1) };
  }
  if (inputs.length === 0) throw new UsageError('Say which fault', { hint });
  return { server: checkedFaults(inputs) };
}

/** Faults with what is not said filled in. @throws UsageError with all that is wrong */
export function checkedFaults(inputs: readonly FaultInput[]): Fault[] {
  const problems: string[] = [];
  const faults = inputs.flatMap((input) => {
    const parsed = faultSchema.safeParse(input);
    if (parsed.success) return [parsed.data];
    const findings = parsed.error.issues.flatMap((issue) => findingsOf(issue, input));
    for (const { path, expected, got } of findings) {
      problems.push(`${[input.kind, ...path].join(': ')}: expected ${expected}, got ${got}`);
    }
    return [];
  });
  if (problems.length > 0) throw new UsageError(problems.join('\n'), { hint, details: { problems } });
  return faults;
}

/**
 * The words of a command line as one text. A shell has taken the quotes away: a word that holds spaces and reads as one
 * setting gets them back.
 */
export function textOfWords(words: readonly string[]): string {
  return words.map((word) => (isOneSetting(word) ? quotedSetting(word) : word)).join(' ');
}

function isOneSetting(word: string): boolean {
  if (!/\s/.test(word) || word.includes('"')) return false;
  if (/^(?:message|reason|header)=/.test(word)) return true;
  const [first = '', ...others] = word.split(/\s+/);
  return first.includes('=') && !word.includes(',') && others.some((other) => !other.includes('='));
}

function quotedSetting(word: string): string {
  const equals = word.indexOf('=');
  return `${word.slice(0, equals)}="${word.slice(equals + 1).replaceAll('\\', '\\\\')}"`;
}

function textFaults(text: string): FaultInput[] {
  try {
    return readFaultText(text, engineFaultNames);
  } catch (error) {
    if (!(error instanceof FaultTextError)) throw error;
    throw new UsageError(error.message, { hint, cause: error });
  }
}

function engineFaultOf(
  name: EngineFaultName,
  { kind: _, for: time, ...others }: FaultInput,
  alone: boolean,
): EngineFault {
  const refuse = (message: string): never => {
    throw new UsageError(message, { hint: `kserve-env fault add ${name}, and no more but --for` });
  };
  if (!alone) refuse(`${name} is done to the whole server by its engine, and is ordered alone`);
  const [other] = Object.keys(others);
  if (other !== undefined) refuse(`${name} is done to the whole server by its engine, and takes no ${other}`);
  if (time === undefined) return { name };
  const forMs = parseDuration(String(time));
  if (forMs === undefined) return refuse(`for: expected a duration such as 5s, got ${String(time)}`);
  return { name, forMs };
}

function defined(conditions: Conditions): Conditions {
  return Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined));
}
