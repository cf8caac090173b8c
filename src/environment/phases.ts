/** The phases of a set-up, timed against its budget, and the port through which their progress is shown. */
import { ExitCode, KServeEnvError } from '../errors.js';

/** The phases in the order in which they come, as people read them. */
export const phaseTitles = {
  engine: 'Engine',
  preflight: 'Preflight',
  image: 'Image',
  remove: 'Remove the old one',
  create: 'Create',
  start: 'Start',
  live: 'Server live',
  models: 'Models ready',
  'warm-up': 'Warm-up inference',
  smoke: 'Smoke checks',
} as const;

export type PhaseName = keyof typeof phaseTitles;

/** One finished phase. */
export interface PhaseRecord {
  phase: PhaseName;
  /** Wall-clock duration in milliseconds, from a monotonic clock. */
  ms: number;
  /** The phase found its result already there. */
  cached: boolean;
  /** For people: what was done. */
  detail: string;
}

/** Shows what is going on. Implemented by the terminal, and by nothing at all. */
export interface Progress {
  phaseStarted(phase: PhaseName): void;
  phaseDetail(detail: string): void;
  phaseFinished(record: PhaseRecord): void;
  phaseFailed(phase: PhaseName, ms: number): void;
  /** The phases that are to come, as far as is known; told again when more is. */
  phasesExpected?(phases: readonly PhaseName[]): void;
  /** Something worth knowing that is no part of the result. */
  note(text: string): void;
}

/** Shows nothing. */
export const silentProgress: Progress = {
  phaseStarted() {},
  phaseDetail() {},
  phaseFinished() {},
  phaseFailed() {},
  note() {},
};

/** What a phase's work returns: its value, and what to say of it. */
export interface PhaseOutcome<T> {
  value: T;
  detail: string;
  cached?: boolean;
}

/** Runs phases one after another and times each. */
export interface PhaseRecorder {
  run<T>(phase: PhaseName, work: () => Promise<PhaseOutcome<T>>): Promise<T>;
  readonly records: PhaseRecord[];
  /** The phase whose work threw. */
  readonly failed: PhaseName | undefined;
  /** Milliseconds since the recorder was made. */
  elapsed(): number;
}

/** @param now a monotonic clock in milliseconds */
export function createPhaseRecorder(progress: Progress, now: () => number): PhaseRecorder {
  const begin = now();
  const records: PhaseRecord[] = [];
  let failed: PhaseName | undefined;
  return {
    records,
    get failed() {
      return failed;
    },
    elapsed: () => now() - begin,
    async run(phase, work) {
      const start = now();
      progress.phaseStarted(phase);
      try {
        const { value, detail, cached = false } = await work();
        const record = { phase, ms: round(now() - start), cached, detail };
        records.push(record);
        progress.phaseFinished(record);
        return value;
      } catch (error) {
        failed = phase;
        progress.phaseFailed(phase, round(now() - start));
        throw error;
      }
    },
  };
}

/** How a set-up stands against its budget. */
export interface BudgetReport {
  totalMs: number;
  budgetMs: number;
  /** Fraction of the budget used; above 1 when over. */
  share: number;
  over: boolean;
  /** What is no phase's, such as the wait for another command: the total without the phases. */
  restMs: number;
}

/** Compares what a set-up took with what it may take, both in milliseconds. */
export function budgetReport(totalMs: number, budgetMs: number, phases: readonly PhaseRecord[]): BudgetReport {
  const inPhases = phases.reduce((sum, { ms }) => sum + ms, 0);
  return {
    totalMs: round(totalMs),
    budgetMs,
    share: shareOf(totalMs, budgetMs),
    over: totalMs > budgetMs,
    restMs: Math.max(0, round(totalMs - inPhases)),
  };
}

/** A finished phase, and the fraction of the budget that it used. */
export interface BudgetedPhase extends PhaseRecord {
  share: number;
}

/** Each phase against the whole budget, in milliseconds. */
export function budgetedPhases(phases: readonly PhaseRecord[], budgetMs: number): BudgetedPhase[] {
  return phases.map((record) => ({ ...record, share: shareOf(record.ms, budgetMs) }));
}

function shareOf(ms: number, budgetMs: number): number {
  return Math.round((ms / budgetMs) * 1e6) / 1e6;
}

/** The set-up worked and took longer than it may. */
export class OverBudgetError extends KServeEnvError {
  constructor({ totalMs, budgetMs }: BudgetReport) {
    super('OVER_BUDGET', ExitCode.overBudget, `Set-up took ${totalMs} ms, over its budget of ${budgetMs} ms`, {
      hint: 'the environment is running; kserve-env timings shows where the time went, --budget gives more',
      retryable: true,
      details: { totalMs, budgetMs },
    });
  }
}

/** Tenths of a millisecond are all that means something. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
