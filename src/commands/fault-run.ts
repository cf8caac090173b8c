/** `fault run`: has faults come and go by a timetable, and takes back what is left at its end. */
import { pause } from '../engine/settle.js';
import { KServeEnvError, UsageError } from '../errors.js';
import type { ScenarioInput } from '../faults/scenario.js';
import { type Timeline, TimelineError, timelineOf } from '../faults/scenario-timeline.js';
import type { CommandContext, CommandResult } from './context.js';
import { assertThere } from './fault-add.js';
import { stillAble } from './fault-engine.js';
import type { FaultRow } from './fault-rows.js';
import { createScenarioStage } from './fault-stage.js';
import { type FaultTarget, type FaultTargetOptions, openFaultTarget, requiredEnvironment } from './fault-target.js';
import { type NamedScenario, openScenario } from './scenario-source.js';

/** Which scenario, and how. */
export interface FaultRunOptions extends FaultTargetOptions {
  /** The name of one that is there, the path of a YAML file, or the scenario itself. */
  scenario: string | ScenarioInput;
  /** What faults without a seed get theirs from; random unless given, and told. */
  seed?: number;
  /** How many times as fast; 1 unless given. */
  speed?: number;
  /** Say what would happen, and do nothing. */
  dryRun?: boolean;
}

/** A step as it was, or would be. Times are milliseconds from the start, by a monotonic clock. */
export interface ScenarioStepReport {
  atMs: number;
  text: string;
  /** How much later than planned it was begun. */
  lateMs?: number;
  /** How long it took. */
  tookMs?: number;
  /** Ids of the faults that it added. */
  ids?: string[];
}

/** What a scenario did, as far as it came. */
export interface FaultRunReport {
  /** Name of the environment; absent for a server that only its socket is known of. */
  environment?: string;
  scenario: string;
  seed: number;
  speed: number;
  dryRun?: true;
  /** The steps that were taken; of a dry run all. */
  steps: ScenarioStepReport[];
  /** How many there are. */
  planned: number;
  lengthMs: number;
  /** What was taken back at the end. */
  takenBack: FaultRow[];
}

/**
 * Ends when the last step is over, at a step that fails, or when the context's signal aborts; what the scenario did is
 * taken back in each case, and the result tells what became of every step.
 * @throws UsageError, ConfigError for a file, NotRunningError, EngineCannotError
 */
export async function faultRun(
  options: FaultRunOptions,
  context: CommandContext,
): Promise<CommandResult<FaultRunReport>> {
  const { speed = 1, seed = Math.floor(Math.random() * 2 ** 32) } = options;
  const named = await openScenario(options.scenario, context.cwd);
  const timeline = layOut(named, { speed, seed });
  const { entries, lengthMs } = timeline;
  const common = { scenario: named.title, seed, speed, planned: entries.length, lengthMs };
  if (options.dryRun) {
    const steps = entries.map(({ atMs, text }) => ({ atMs, text }));
    return { data: { ...common, dryRun: true, steps, takenBack: [] }, warnings: [] };
  }
  await using target = await openFaultTarget(options, context);
  assertThere(target, true);
  if (entries.some(({ act }) => act.do === 'engine')) requiredEnvironment(target, 'What a scenario says of the engine');
  const { steps, takenBack, failure } = await perform(timeline, target, context);
  const environment = target.name === undefined ? {} : { environment: target.name };
  return { data: { ...environment, ...common, steps, takenBack }, warnings: [], ...(failure && { failure }) };
}

function layOut({ scenario, title }: NamedScenario, options: { speed: number; seed: number }): Timeline {
  try {
    return timelineOf(scenario, options);
  } catch (error) {
    if (!(error instanceof TimelineError)) throw error;
    throw new UsageError(`${title}: ${error.message}`, { cause: error });
  }
}

interface Performance {
  steps: ScenarioStepReport[];
  takenBack: FaultRow[];
  failure?: KServeEnvError;
}

async function perform(timeline: Timeline, target: FaultTarget, context: CommandContext): Promise<Performance> {
  const { signal, progress } = context;
  const stage = createScenarioStage(target, context);
  const steps: ScenarioStepReport[] = [];
  const begin = performance.now();
  const elapsed = () => performance.now() - begin;
  const until = (atMs: number) => pause(Math.max(0, atMs - elapsed()), signal);
  let failure: unknown;
  try {
    for (const { atMs, text, act } of timeline.entries) {
      await until(atMs);
      const startedMs = elapsed();
      const ids = await stage.perform(act);
      const step = { atMs, text, lateMs: round(startedMs - atMs), tookMs: round(elapsed() - startedMs) };
      steps.push({ ...step, ...(ids.length > 0 && { ids }) });
      progress.note(`${clock(atMs)}  ${text}  (${step.lateMs} ms late, took ${step.tookMs} ms)`);
    }
    await until(timeline.lengthMs);
  } catch (error) {
    failure = signal.aborted ? signal.reason : error;
  }
  const takenBack = await stage.takeBack(stillAble(context));
  if (failure === undefined) return { steps, takenBack };
  if (!(failure instanceof KServeEnvError)) throw failure;
  return { steps, takenBack, failure };
}

/** `+5.00 s`, as every line of a run begins. */
function clock(ms: number): string {
  return `+${(ms / 1000).toFixed(2)} s`;
}

function round(ms: number): number {
  return Math.round(Math.max(0, ms) * 10) / 10;
}
