/** Scenarios: faults that come and go by a timetable. Their form, and how one is read. Pure. */
import * as z from 'zod';
import { durationExpectation, parseDuration } from '../duration.js';
import { durationText } from '../duration-text.js';
import { isEngineFault } from './engine-faults.js';
import { type Fault, type FaultInput, faultSchema } from './fault.js';
import { FaultTextError, readFaultText } from './fault-text.js';

/** What a step may have the engine do. */
export const engineActions = ['pause', 'unpause', 'kill', 'start', 'restart', 'disconnect', 'reconnect'] as const;

export type EngineAction = (typeof engineActions)[number];

/** What takes an action back, where a step says for how long. */
export const takenBackBy: Partial<Record<EngineAction, EngineAction>> = {
  pause: 'unpause',
  kill: 'start',
  disconnect: 'reconnect',
};

/** Zero too, which no other duration may be. */
const moment = z
  .union([z.string(), z.literal(0)], { error: durationExpectation })
  .refine((value) => momentOf(value) !== undefined, { error: `${durationExpectation}, or 0s` });

const stepSchema = z.strictObject({
  at: moment.describe('When, from the start of the round.'),
  name: z.string().min(1).max(100).optional().describe('What later steps call what this one adds.'),
  add: z
    .union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown()).min(1).max(100)], {
      error: 'a fault as text, as a mapping with its kind, or a list of them',
    })
    .optional()
    .describe('Faults, as text or as in the config.'),
  clear: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)], { error: 'all, a name, or a list of names' })
    .optional()
    .describe('What is taken back: all, or names or kinds of what earlier steps added.'),
  engine: z.enum(engineActions).optional().describe('What the engine does to the server as a whole.'),
  for: durationText.optional().describe('How long it lasts; it is taken back then.'),
});

const scenarioSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().min(1).max(100).optional().describe('What it is called.'),
  description: z.string().max(1000).optional().describe('What it shows.'),
  length: durationText.optional().describe('How long a round takes; to the end of its last step unless given.'),
  repeat: z
    .strictObject({
      times: z.int().min(1).max(100_000).optional().describe('So many rounds.'),
      for: durationText.optional().describe('As many rounds as begin within this time.'),
    })
    .refine((repeat) => (repeat.times === undefined) !== (repeat.for === undefined), {
      error: 'either times or for',
    })
    .optional()
    .describe('How often the steps are gone through; once unless given.'),
  steps: z.array(stepSchema).min(1).max(1000).describe('What happens, and when.'),
});

/** A scenario as written by hand. */
export type ScenarioInput = z.input<typeof scenarioSchema>;

/** One step of a scenario. Times are in milliseconds. */
export type ScenarioStep = { atMs: number; name?: string; forMs?: number } & (
  | { do: 'add'; faults: Fault[] }
  | { do: 'clear'; what: 'all' | string[] }
  | { do: 'engine'; action: EngineAction }
);

/** A scenario that holds. */
export interface Scenario {
  name?: string;
  description?: string;
  lengthMs?: number;
  repeat?: { times: number } | { forMs: number };
  steps: ScenarioStep[];
}

/** What is wrong with a scenario, and where. */
export type ScenarioIssue = z.core.$ZodIssue;

/** Reads a scenario; else tells everything that is wrong with it. */
export function readScenario(raw: unknown): { scenario: Scenario } | { issues: ScenarioIssue[] } {
  const parsed = scenarioSchema.safeParse(raw);
  if (!parsed.success) return { issues: parsed.error.issues };
  const { name, description, length, repeat } = parsed.data;
  const issues: ScenarioIssue[] = [];
  const steps = parsed.data.steps.flatMap((step, index) => {
    const read = stepOf(step, ['steps', index], issues);
    return read ? [read] : [];
  });
  const scenario: Scenario = {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(length !== undefined && { lengthMs: parseDuration(length) ?? 0 }),
    ...(repeat?.times !== undefined && { repeat: { times: repeat.times } }),
    ...(repeat?.for !== undefined && { repeat: { forMs: parseDuration(repeat.for) ?? 0 } }),
    steps,
  };
  if (issues.length > 0) return { issues };
  return { scenario };
}

function stepOf(
  step: z.output<typeof stepSchema>,
  path: PropertyKey[],
  issues: ScenarioIssue[],
): ScenarioStep | undefined {
  const wrong = (key: string | undefined, message: string, input: unknown) => {
    const at = key === undefined ? path : [...path, key];
    issues.push({ code: 'custom', path: at, message, input });
    return undefined;
  };
  const { at, name, add, clear, engine } = step;
  const common = { atMs: momentOf(at) ?? 0, ...(name !== undefined && { name }) };
  const forMs = step.for === undefined ? undefined : parseDuration(step.for);
  if ([add, clear, engine].filter((one) => one !== undefined).length !== 1)
    return wrong(undefined, 'one of add, clear or engine', step);
  if (add !== undefined) {
    return {
      ...common,
      ...(forMs !== undefined && { forMs }),
      do: 'add',
      faults: faultsOf(add, step.for, path, issues),
    };
  }
  if (name !== undefined) return wrong('name', 'nothing: only what is added has a name', name);
  if (clear !== undefined) {
    if (forMs !== undefined) return wrong('for', 'nothing: what is taken back is not added again', step.for);
    return { ...common, do: 'clear', what: clear === 'all' ? 'all' : [clear].flat() };
  }
  if (engine === undefined) return undefined;
  if (forMs === undefined) return { ...common, do: 'engine', action: engine };
  if (takenBackBy[engine] === undefined)
    return wrong('for', `nothing: ${engine} takes no time; pause, kill and disconnect do`, step.for);
  return { ...common, forMs, do: 'engine', action: engine };
}

/** The faults of a step, each ended by the server itself where the step says when. */
function faultsOf(add: unknown, lasts: string | undefined, path: PropertyKey[], issues: ScenarioIssue[]): Fault[] {
  const many = Array.isArray(add);
  return (many ? add : [add]).flatMap((one: unknown, index: number) => {
    const place = [...path, 'add', ...(many ? [index] : [])];
    return inputsOf(one, place, issues).flatMap((input) => {
      const timed = lasts === undefined || input.for !== undefined ? input : { ...input, for: lasts };
      const parsed = faultSchema.safeParse(timed);
      if (parsed.success) return [parsed.data];
      for (const issue of parsed.error.issues) issues.push(issueOf(issue, one, place));
      return [];
    });
  });
}

/** Of a text there is one place alone. */
function issueOf(issue: ScenarioIssue, written: unknown, place: PropertyKey[]): ScenarioIssue {
  if (typeof written !== 'string') return { ...issue, path: [...place, ...issue.path] };
  const where = issue.path.length === 0 ? '' : ` for ${issue.path.join('.')}`;
  const what = issue.code === 'unrecognized_keys' ? `no setting ${issue.keys.join(', ')}` : `${issue.message}${where}`;
  return { code: 'custom', path: place, message: what, input: written };
}

function inputsOf(one: unknown, place: PropertyKey[], issues: ScenarioIssue[]): FaultInput[] {
  if (typeof one !== 'string') return [one as FaultInput];
  const word = one.trim().split(/[\s=,]/)[0] ?? '';
  try {
    if (isEngineFault(word)) throw new FaultTextError(`engine: ${word} in place of add, since the engine does it`);
    return readFaultText(one);
  } catch (error) {
    if (!(error instanceof FaultTextError)) throw error;
    issues.push({ code: 'custom', path: place, message: `a fault (${error.message})`, input: one });
    return [];
  }
}

function momentOf(value: string | 0): number | undefined {
  return value === 0 || /^0+(\.0+)?\s*(ms|s|m|h)?$/.test(value) ? 0 : parseDuration(value);
}
