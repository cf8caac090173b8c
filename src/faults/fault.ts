/** A fault as plain data: what it does, and which calls it strikes. Written in configs, on command lines, in headers. */
import * as z from 'zod';
import { parseDuration } from '../duration.js';
import { durationText } from '../duration-text.js';
import { type FaultKind, faultKinds } from './kinds.js';

const count = z.int().min(1).max(1_000_000_000);

/** Which calls a fault strikes, and how long it lasts. Every condition that is given has to hold. */
export const faultConditions = {
  model: z.string().min(1).max(200).optional().describe('Only calls that name this model, by its name or an alias.'),
  rpc: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('Only this RPC, such as ModelInfer, or the REST route that does the same.'),
  transport: z.enum(['grpc', 'rest']).optional().describe('Only this transport.'),
  header: z
    .string()
    .regex(/^[a-z0-9!#$%&'*+.^_`|~-]{1,100}(?:=[\x20-\x7e]{0,500})?$/i, 'a header as name or name=value')
    .optional()
    .describe('Only calls with this header (gRPC metadata): its name, or name=value.'),
  percent: z.number().gt(0).max(100).optional().describe('Only so many in a hundred of the calls, chosen by the seed.'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .optional()
    .describe('Makes what is chosen the same each time; random unless given, and shown.'),
  first: count.optional().describe('Only the first so many calls.'),
  every: count.optional().describe('Only every so many-th call.'),
  after: count.optional().describe('Only calls after so many have passed.'),
  for: durationText.optional().describe('Ends by itself after so long, counted from when it was added.'),
};

/** Conditions that only a call can meet. The model is one for faults of the process alone. */
const callConditions = ['rpc', 'transport', 'header', 'percent', 'first', 'every', 'after'] as const;

/** One schema for each kind, in the order of the table. */
const schemas = (Object.keys(faultKinds) as FaultKind[]).map((name) => {
  const { settings, meaning } = faultKinds[name] as { settings: z.ZodRawShape; meaning: string };
  return z.strictObject({ kind: z.literal(name), ...settings, ...faultConditions }).describe(meaning);
});

type SettingsOf<Kind extends FaultKind> = z.output<z.ZodObject<(typeof faultKinds)[Kind]['settings']>>;

export interface Conditions {
  model?: string | undefined;
  rpc?: string | undefined;
  transport?: 'grpc' | 'rest' | undefined;
  header?: string | undefined;
  percent?: number | undefined;
  seed?: number | undefined;
  first?: number | undefined;
  every?: number | undefined;
  after?: number | undefined;
  for?: string | undefined;
}

/** A fault with all its settings, of one kind or of any. */
export type Fault<Kind extends FaultKind = FaultKind> = {
  [Name in Kind]: { kind: Name } & SettingsOf<Name> & Conditions;
}[Kind];

/** A fault as written by hand: everything optional but its kind. */
export type FaultInput = { kind: FaultKind; [setting: string]: unknown };

/** Checks a fault, and fills in what is not said. */
export const faultSchema = z
  .discriminatedUnion('kind', schemas as unknown as [z.ZodObject<{ kind: z.ZodLiteral<FaultKind> }>])
  .superRefine((fault, context) => {
    for (const message of contradictions(fault as Fault)) {
      context.addIssue({ code: 'custom', path: [message.setting], message: message.expected });
    }
  }) as unknown as z.ZodType<Fault, FaultInput>;

export const faultsSchema = z.array(faultSchema).max(100).default([]);

/** Whether a call sets the fault off; else it takes effect when it is added. */
export function strikesCalls(fault: Fault): boolean {
  const { trigger, concern } = faultKinds[fault.kind];
  if (trigger !== 'either') return trigger === 'call';
  return (
    callConditions.some((name) => fault[name] !== undefined) || (concern === 'process' && fault.model !== undefined)
  );
}

/** What cannot be said together. */
function contradictions(fault: Fault): { setting: string; expected: string }[] {
  const found: { setting: string; expected: string }[] = [];
  const { trigger, concern } = faultKinds[fault.kind];
  if (trigger === 'now') {
    for (const name of callConditions) {
      if (name === 'transport' && concern === 'connection') continue;
      if (fault[name] !== undefined) {
        found.push({
          setting: name,
          expected: `nothing: ${fault.kind} takes effect when it is added, and chooses no calls`,
        });
      }
    }
    if (concern === 'connection' && fault.model !== undefined) {
      found.push({
        setting: 'model',
        expected: `nothing: ${fault.kind} concerns connections, and those have no model`,
      });
    }
  }
  const longest = 60_000;
  if (fault.kind === 'freeze' && (parseDuration(fault.time) ?? 0) > longest) {
    found.push({ setting: 'time', expected: 'at most 60s; `fault add pause` lasts until it is cleared' });
  }
  if (concern === 'process' && fault.for !== undefined && !strikesCalls(fault)) {
    found.push({ setting: 'for', expected: `nothing: ${fault.kind} happens once` });
  }
  return found;
}
