/** Runs checks one after another and tells each outcome. A check that throws anything unforeseen has failed. */
import { OipError } from '../protocol/status.js';
import { type Check, type CheckContext, CheckFailure, type CheckResult, CheckSkipped } from './check.js';

/** Number of checks by outcome. */
export interface SmokeSummary {
  passed: number;
  failed: number;
  noted: number;
  skipped: number;
}

/** After so many checks in a row without an answer, a transport is given up: each one waits for its whole time-out. */
const silenceMeansGone = 3;

/** @throws the signal's reason when aborted */
export async function runChecks(
  checks: Check[],
  context: CheckContext,
  onResult: (result: CheckResult) => void = () => {},
): Promise<CheckResult[]> {
  const absent = await absentModels(checks, context);
  const results: CheckResult[] = [];
  const unanswered = { grpc: 0, rest: 0 };
  for (const check of checks) {
    context.signal.throwIfAborted();
    const { transport } = check;
    const gone = unanswered[transport] >= silenceMeansGone;
    const { answered, ...result } = gone ? notAsked(check) : await runOne(check, context, absent);
    unanswered[transport] = answered ? 0 : unanswered[transport] + 1;
    results.push(result);
    onResult(result);
  }
  return results;
}

/** Counts outcomes. */
export function summarise(results: CheckResult[]): SmokeSummary {
  const summary = { passed: 0, failed: 0, noted: 0, skipped: 0 };
  for (const { status } of results) summary[status] += 1;
  return summary;
}

/** `answered` is false where the server let the time-out pass. */
type Outcome = CheckResult & { answered: boolean };

function notAsked({ id, title, transport }: Check): Outcome {
  const message = `not asked: the server left ${silenceMeansGone} checks in a row without an answer`;
  return { id, title, transport, status: 'failed', ms: 0, message, answered: false };
}

async function runOne(check: Check, context: CheckContext, absent: Map<string, string>): Promise<Outcome> {
  const { id, title, transport, model } = check;
  const client = context[transport];
  const start = performance.now();
  const result = (status: CheckResult['status'], message?: string, answered = true): Outcome => ({
    id,
    title,
    transport,
    status,
    ms: Math.round((performance.now() - start) * 10) / 10,
    ...(message !== undefined && { message }),
    answered,
  });
  if (client === undefined) return result('skipped', `no ${transport} endpoint`);
  const why = model === undefined ? undefined : absent.get(model);
  if (why !== undefined) return result('skipped', why);
  try {
    const note = await check.run(client, context);
    return note === undefined ? result('passed') : result('noted', note);
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof CheckSkipped) return result('skipped', error.message);
    if (error instanceof CheckFailure) return result('failed', error.message);
    if (error instanceof OipError && error.status === 'DEADLINE_EXCEEDED')
      return result('failed', error.message, false);
    if (error instanceof OipError) return result('failed', `the server answered ${error.status}: ${error.message}`);
    return result(
      'failed',
      `the answer could not be judged: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Models that the server says it does not have, with its words. An error of another kind is for the checks. */
async function absentModels(checks: Check[], context: CheckContext): Promise<Map<string, string>> {
  const client = context.grpc ?? context.rest;
  const absent = new Map<string, string>();
  for (const model of new Set(checks.flatMap((check) => check.model ?? []))) {
    try {
      await client?.modelMetadata(model, '', { signal: context.signal });
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof OipError && ['NOT_FOUND', 'INVALID_ARGUMENT', 'UNKNOWN'].includes(error.status)) {
        absent.set(model, `the server has no model ${model}`);
      }
      // One time-out is enough to know: the checks will tell.
      if (error instanceof OipError && error.status === 'DEADLINE_EXCEEDED') return absent;
    }
  }
  return absent;
}
