/** `smoke`: runs the checks against the environment, or against anybody's server. */
import type { CheckResult } from '../checks/check.js';
import { runChecks, type SmokeSummary, summarise } from '../checks/runner.js';
import { smokeSuite } from '../checks/suites/smoke.js';
import { defaultModels } from '../config/default-models.js';
import { specOfLabels } from '../environment/spec.js';
import { ExitCode, KServeEnvError } from '../errors.js';
import { type ModelConfig, modelConfigSchema } from '../models/kinds.js';
import { OipError } from '../protocol/status.js';
import { type Clients, connectClients } from './clients.js';
import type { CommandContext, CommandResult } from './context.js';
import { type ServerAddress, serverAddress, type TargetOptions } from './find-environment.js';
import { ServerRefusedError } from './server-refusal.js';

/** The outcome of every check. */
export interface SmokeReport {
  endpoints: { grpc?: string; http?: string };
  summary: SmokeSummary;
  /** Milliseconds. */
  ms: number;
  checks: CheckResult[];
}

/** At least one check failed. */
export class SmokeFailedError extends KServeEnvError {
  constructor({ summary, checks }: SmokeReport) {
    const first = checks.find(({ status }) => status === 'failed');
    const total = summary.passed + summary.failed + summary.noted;
    super('SMOKE_FAILED', ExitCode.checkFailed, `${summary.failed} of ${total} checks failed; first: ${first?.title}`, {
      hint: 'the failures are listed above; kserve-env logs shows what the server saw',
      details: { summary, failed: checks.filter(({ status }) => status === 'failed').map(({ id }) => id) },
    });
  }
}

/** No check applied: nothing was shown about the server. */
class NothingCheckedError extends KServeEnvError {
  constructor(report: SmokeReport) {
    super('SMOKE_EMPTY', ExitCode.checkFailed, 'Every check was skipped, so nothing is known about this server', {
      details: { summary: report.summary },
    });
  }
}

/** @throws NotRunningError when there is no environment and no endpoint was given */
export async function smoke(options: TargetOptions, context: CommandContext): Promise<CommandResult<SmokeReport>> {
  const address = await serverAddress(options, context);
  const data = await smokeServer(address, modelsOf(address), context);
  const failure = smokeFailure(data);
  return { data, warnings: [], ...(failure && { failure }) };
}

/** The failure that a report amounts to, if any. */
export function smokeFailure(report: SmokeReport): KServeEnvError | undefined {
  if (report.summary.failed > 0) return new SmokeFailedError(report);
  return report.summary.passed === 0 ? new NothingCheckedError(report) : undefined;
}

/** Runs the suite; the report tells what failed. */
export async function smokeServer(
  address: ServerAddress,
  models: ModelConfig[],
  { signal, progress }: CommandContext,
): Promise<SmokeReport> {
  const start = performance.now();
  await using clients = await connectClients(address);
  await assertSomebodyAnswers(clients, signal);
  const checks = smokeSuite(models);
  let done = 0;
  const results = await runChecks(checks, { ...clients.byTransport, models, signal }, () => {
    done += 1;
    progress.phaseDetail(`${done} of ${checks.length}`);
  });
  return {
    endpoints: {
      ...(address.grpc !== undefined && { grpc: address.grpc }),
      ...(address.http !== undefined && { http: address.http }),
    },
    summary: summarise(results),
    ms: Math.round((performance.now() - start) * 10) / 10,
    checks: results,
  };
}

/**
 * Where nobody answers over any transport, one line says more than a list of failed checks.
 * @throws ServerRefusedError
 */
async function assertSomebodyAnswers({ byTransport, preferred }: Clients, signal: AbortSignal): Promise<void> {
  let first: OipError | undefined;
  for (const client of Object.values(byTransport)) {
    try {
      await client.serverLive({ signal, timeoutMs: 5_000 });
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof OipError)) throw error;
      if (error.status !== 'UNAVAILABLE' && error.status !== 'DEADLINE_EXCEEDED') return;
      first ??= error;
    }
  }
  if (first) throw new ServerRefusedError(first, preferred.endpoint);
}

/** What our environment was made with; of somebody else's server, the default models are looked for. */
function modelsOf({ instance }: ServerAddress): ModelConfig[] {
  const spec = instance && specOfLabels(instance.labels);
  return spec?.server.models ?? modelConfigSchema.array().parse(defaultModels);
}
