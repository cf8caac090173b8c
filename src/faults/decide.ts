/** Whether a fault strikes a call: pure functions of the fault, its seed, and the call's number among those that match. */
import { createHash } from 'node:crypto';
import type { Conditions, Fault } from './fault.js';
import type { FaultKind } from './kinds.js';

/** What conditions are compared with. */
export interface CallFacts {
  transport: 'grpc' | 'rest';
  /** Name of the RPC; over REST of the one that does the same. */
  rpc: string;
  /** Every name of the model that is called; empty where the call names none. */
  models: readonly string[];
  /** The first value of a header, its name in lower case. */
  header(name: string): string | undefined;
}

/** Kinds that change the outputs of an inference; other answers have none. */
const ofOutputs: ReadonlySet<FaultKind> = new Set([
  'wrong-value',
  'nan',
  'wrong-shape',
  'wrong-datatype',
  'missing-output',
  'extra-output',
  'wrong-form',
  'truncated',
]);

const inferences: ReadonlySet<string> = new Set(['ModelInfer', 'ModelStreamInfer']);

/** Calls whose answer depends on whether a model is ready. */
const ofReadiness: ReadonlySet<string> = new Set([
  ...inferences,
  'ServerReady',
  'ModelReady',
  'ModelMetadata',
  'ModelConfig',
  'Health/Check',
  'Health/List',
  'Health/Watch',
]);

/**
 * Whether a fault can change anything about a call: where it cannot, it neither strikes nor counts it. Whoever measures
 * the server changes nothing by that: /metrics is struck only where the fault names it.
 */
export function concerns({ kind, rpc }: Pick<Fault, 'kind' | 'rpc'>, call: Pick<CallFacts, 'rpc'>): boolean {
  if (ofOutputs.has(kind)) return inferences.has(call.rpc);
  if (kind === 'not-ready') return ofReadiness.has(call.rpc);
  return call.rpc !== 'Metrics' || rpc === call.rpc;
}

/** Whether the call is one of those that the fault is about, leaving aside which of them it strikes. */
export function matches({ transport, rpc, model, header }: Conditions, call: CallFacts): boolean {
  if (transport !== undefined && transport !== call.transport) return false;
  if (rpc !== undefined && rpc !== call.rpc) return false;
  if (model !== undefined && !call.models.includes(model)) return false;
  if (header === undefined) return true;
  const equals = header.indexOf('=');
  const value = call.header((equals === -1 ? header : header.slice(0, equals)).toLowerCase());
  return value !== undefined && (equals === -1 || value === header.slice(equals + 1));
}

/**
 * Whether the fault strikes the call of this number.
 * @param ordinal number of the call among those that match, from 1 on
 * @param seed the fault's own; the same seed chooses the same calls
 */
export function strikes(conditions: Conditions, ordinal: number, seed: number): boolean {
  const { after = 0, first, every, percent } = conditions;
  const index = ordinal - after;
  if (index < 1) return false;
  if (first !== undefined && index > first) return false;
  if (every !== undefined && index % every !== 0) return false;
  return percent === undefined || drawn(seed, ordinal, 'strike') * 100 < percent;
}

/**
 * A number from 0 up to 1 that depends on its arguments alone, so that every process draws the same.
 * @param purpose keeps what is drawn for one use from showing in another
 */
export function drawn(seed: number, ordinal: number, purpose: string): number {
  const digest = createHash('sha256').update(`${seed} ${ordinal} ${purpose}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}
