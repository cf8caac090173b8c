/** Runs cases one after another and tells each verdict. A case that throws anything unforeseen has failed. */
import { OipError } from '../protocol/status.js';
import {
  type Case,
  type CaseDescription,
  CaseFailure,
  type CaseResult,
  CaseSkipped,
  descriptionOf,
  transportNames,
} from './case.js';
import { Probe, type ProbeOptions } from './probe.js';
import { createSilence } from './silence.js';

/** Number of cases by verdict. */
export interface SmokeSummary {
  passed: number;
  failed: number;
  noted: number;
  skipped: number;
}

export interface RunOptions extends ProbeOptions {
  /** End after the first case that fails; what was not run is not in the results. */
  bail?: boolean;
  /** How often each case runs; it passes where all its runs do. 1 unless given. */
  repeat?: number;
  onResult?: (result: CaseResult) => void;
}

/** @throws the signal's reason when aborted */
export async function runCases(cases: readonly Case[], options: RunOptions): Promise<CaseResult[]> {
  const { signal, onResult = () => {}, bail = false, repeat = 1 } = options;
  const results: CaseResult[] = [];
  const silence = createSilence(options);
  for (const one of cases) {
    signal.throwIfAborted();
    const reason = silence.reasonNotToAsk(one);
    const { answered, ...result } = reason ? notAsked(one, reason) : await runRepeatedly(one, options, repeat);
    if (reason === undefined) await silence.heard(one, answered);
    results.push(result);
    onResult(result);
    if (bail && result.status === 'failed') break;
  }
  return results;
}

/** Counts verdicts. */
export function summarise(results: readonly CaseResult[]): SmokeSummary {
  const summary = { passed: 0, failed: 0, noted: 0, skipped: 0 };
  for (const { status } of results) summary[status] += 1;
  return summary;
}

/** `answered` is false where the server let the time-out pass. */
type Outcome = CaseResult & { answered: boolean };

function outcomeOf(one: Case, rest: Omit<Outcome, keyof CaseDescription>): Outcome {
  return { ...descriptionOf(one), ...rest };
}

function notAsked(one: Case, why: { status: 'failed' | 'skipped'; message: string }): Outcome {
  return outcomeOf(one, { ...why, ms: 0, answered: false });
}

async function runRepeatedly(one: Case, options: RunOptions, repeat: number): Promise<Outcome> {
  if (repeat <= 1) return await runOnce(one, options);
  const runs: Outcome[] = [];
  while (runs.length < repeat) {
    const run = await runOnce(one, options);
    runs.push(run);
    if (!run.answered || run.status === 'skipped') break;
  }
  const failed = runs.filter(({ status }) => status === 'failed');
  const worst = failed[0] ?? runs.find(({ status }) => status !== 'passed') ?? (runs[0] as Outcome);
  const ms = Math.round(runs.reduce((sum, run) => sum + run.ms, 0) * 10) / 10;
  const flaky = failed.length > 0 && failed.length < runs.length;
  const message = flaky ? `in ${failed.length} of ${runs.length} runs: ${worst.message}` : worst.message;
  return {
    ...worst,
    ms,
    ...(message !== undefined && { message }),
    repeats: { runs: runs.length, failed: failed.length },
  };
}

async function runOnce(one: Case, options: RunOptions): Promise<Outcome> {
  const { signal, server } = options;
  const missing = one.transports.find((transport) => !server.transports.includes(transport));
  if (missing !== undefined) {
    return outcomeOf(one, {
      status: 'skipped',
      ms: 0,
      message: `no ${transportNames[missing]} endpoint`,
      answered: true,
    });
  }
  const probe = new Probe(options);
  const start = performance.now();
  const outcome = (status: CaseResult['status'], message?: string, answered = true): Outcome =>
    outcomeOf(one, {
      status,
      ms: Math.round((performance.now() - start) * 10) / 10,
      ...(message !== undefined && { message }),
      ...((status === 'failed' || status === 'noted') && { exchanges: probe.exchanges() }),
      answered,
    });
  try {
    const note = await one.run(probe);
    return note === undefined ? outcome('passed') : outcome('noted', note);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CaseSkipped) return outcome('skipped', error.message);
    if (error instanceof CaseFailure) return outcome('failed', error.message);
    if (error instanceof OipError && error.status === 'DEADLINE_EXCEEDED')
      return outcome('failed', error.message, false);
    if (error instanceof OipError) return outcome('failed', `the server answered ${error.status}: ${error.message}`);
    const words = error instanceof Error ? error.message : String(error);
    return outcome('failed', `the answer could not be judged: ${words}`);
  }
}
