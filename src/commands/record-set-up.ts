/** Keeps each `up` in the history, and says where one was much slower than those before it. */
import type { EngineKind } from '../engine/engine.js';
import { appendHistory, readHistory, type SetUpRecord } from '../environment/history.js';
import type { PhaseRecorder } from '../environment/phases.js';
import { slowPhases } from '../environment/slow-phases.js';
import { KServeEnvError } from '../errors.js';
import type { CommandResult } from './context.js';
import { packageVersion } from './package-info.js';

/** The set-up that is recorded. */
export interface SetUpToRecord {
  stateDir: string;
  name: string;
  engine: EngineKind;
  budgetMs: number;
  phases: PhaseRecorder;
}

/** Does the work of an `up`, and records how it went. What it returns has a warning for each phase that was slow. */
export async function recordSetUp<Data extends { outcome: Exclude<SetUpRecord['outcome'], 'failed'> }>(
  setUp: SetUpToRecord,
  work: () => Promise<CommandResult<Data>>,
): Promise<CommandResult<Data>> {
  try {
    const result = await work();
    const { data, failure } = result;
    const record = recordOf(setUp, { outcome: data.outcome, ...(failure && { error: failure.code }) });
    const slow = slowPhases(record, readHistory(setUp.stateDir));
    appendHistory(setUp.stateDir, record);
    return { ...result, warnings: [...result.warnings, ...slow] };
  } catch (error) {
    appendHistory(setUp.stateDir, recordOf(setUp, { outcome: 'failed', error: codeOf(error) }));
    throw error;
  }
}

function recordOf(
  { name, engine, budgetMs, phases }: SetUpToRecord,
  how: Pick<SetUpRecord, 'outcome' | 'error'>,
): SetUpRecord {
  return {
    time: new Date().toISOString(),
    name,
    engine,
    ...how,
    ...(how.outcome === 'failed' && phases.failed && { failedPhase: phases.failed }),
    phases: phases.records.map(({ phase, ms, cached }) => ({ phase, ms, cached })),
    totalMs: Math.round(phases.elapsed() * 10) / 10,
    budgetMs,
    version: packageVersion(),
  };
}

function codeOf(error: unknown): string {
  return error instanceof KServeEnvError ? error.code : 'BUG';
}
