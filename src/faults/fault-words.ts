/** Faults for people: what a fault does and which calls it strikes, in the words of its text form. */
import { type Fault, faultConditions } from './fault.js';
import { type FaultKind, faultKinds } from './kinds.js';

/** In the order in which they are written. */
const conditionNames = Object.keys(faultConditions);

/** A fault of any kind, perhaps of one that only another version knows. */
export type ToldFault = { kind: string; [setting: string]: unknown };

/** What it does: `delay=200ms jitter=50ms`. What it would be without being said is left out. */
export function faultText(fault: ToldFault | Fault): string {
  const { kind, ...rest } = fault as ToldFault;
  const { main, settings } = definitionOf(kind);
  const value = main === undefined ? undefined : rest[main];
  const others = Object.entries(rest).filter(
    ([name, setting]) =>
      name !== main &&
      !conditionNames.includes(name) &&
      setting !== undefined &&
      setting !== standardOf(settings[name]),
  );
  return [value === undefined ? kind : pair(kind, value), ...others.map(([name, setting]) => pair(name, setting))].join(
    ' ',
  );
}

/** Which calls it strikes, and how long it lasts: `model=simple_scaler percent=10 seed=7`; empty for all, for ever. */
export function conditionsText(fault: ToldFault | Fault): string {
  const given = fault as ToldFault;
  return conditionNames
    .filter((name) => given[name] !== undefined)
    .map((name) => pair(name, given[name]))
    .join(' ');
}

/** The whole fault, as `fault add` and the header take it. */
export function wholeFaultText(fault: ToldFault | Fault): string {
  return [faultText(fault), conditionsText(fault)].filter((part) => part !== '').join(' ');
}

interface Definition {
  main?: string;
  settings: Record<string, unknown>;
}

function definitionOf(kind: string): Definition {
  return Object.hasOwn(faultKinds, kind) ? (faultKinds[kind as FaultKind] as unknown as Definition) : { settings: {} };
}

/** The value that a setting has where nothing is said. */
export function standardOf(schema: unknown): unknown {
  const parsed = (schema as { safeParse?(value: unknown): { data?: unknown } } | undefined)?.safeParse?.(undefined);
  return parsed?.data;
}

function pair(name: string, value: unknown): string {
  const text = String(value);
  const plain = /^[^\s,"\\]+$/.test(text);
  return `${name}=${plain ? text : `"${text.replace(/["\\]/g, '\\$&')}"`}`;
}
