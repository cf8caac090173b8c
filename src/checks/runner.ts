/** Runs checks one after another and tells each outcome. A check that throws anything unforeseen has failed. */
import { OipError } from '../protocol/status.js';
import { type Check, type CheckContext, CheckFailure, type CheckResult, CheckSkipped } from './check.js';

export interface SmokeSummary {
  passed: number;
  failed: number;
  noted: number;
  skipped: number;
}

/** @throws the signal's reason when aborted */
export async function runChecks(
  checks: Check[],
  context: CheckContext,
  onResult: (result: CheckResult) => void = () => {},
): Promise<CheckResult[]> {
  const absent = await absentModels(checks, context);
  const results: CheckResult[] = [];
  for (const check of checks) {
    context.signal.throwIfAborted();
    const result = await runOne(check, context, absent);
    results.push(result);
    onResult(result);
  }
  return results;
}

export function summarise(results: CheckResult[]): SmokeSummary {
  const summary = { passed: 0, failed: 0, noted: 0, skipped: 0 };
  for (const { status } of results) summary[status] += 1;
  return summary;
}

async function runOne(check: Check, context: CheckContext, absent: Map<string, string>): Promise<CheckResult> {
  const { id, title, transport, model } = check;
  const client = context[transport];
  const start = performance.now();
  const result = (status: CheckResult['status'], message?: string): CheckResult => ({
    id,
    title,
    transport,
    status,
    ms: Math.round((performance.now() - start) * 10) / 10,
    ...(message !== undefined && { message }),
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
    if (error instanceof OipError) return result('failed', `the server answered ${error.status}: ${error.message}`);
    throw error;
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
    }
  }
  return absent;
}
