/** `smoke`: runs the checks against the environment, or against anybody's server. */
import { type ConnectionOptions, openConnections } from '../checks/connections.js';
import { discoverServer, guessedNames } from '../checks/discover.js';
import type { FaultPort } from '../checks/fault-port.js';
import type { Expectation } from '../checks/mathematics.js';
import type { Connections } from '../checks/probe.js';
import type { ServerProfile } from '../checks/profile.js';
import {
  countOfFailing,
  countOfTold,
  countsText,
  fails,
  type RunReport,
  succeeded,
} from '../checks/report/run-report.js';
import { suiteCounts } from '../checks/report/suite-counts.js';
import { runCases, summarise } from '../checks/runner.js';
import { type CaseSelection, casesFor, suitesOf } from '../checks/suites/all-cases.js';
import { defaultModels } from '../config/default-models.js';
import { specOfLabels } from '../environment/spec.js';
import { ExitCode, KServeEnvError } from '../errors.js';
import type { ServerConfig } from '../models/server-config.js';
import { defaultTimeoutMs } from '../protocol/infer-call.js';
import { OipError } from '../protocol/status.js';
import { grpcOptions, restOptions } from './clients.js';
import type { CommandContext, CommandResult } from './context.js';
import { inOurWords } from './endpoint-trouble.js';
import { type ServerAddress, serverAddress, type TargetOptions } from './find-environment.js';
import { packageVersion } from './package-info.js';
import { ServerRefusedError } from './server-refusal.js';
import { assertWritable, lastSetUp, type ReportFiles, type WrittenReport, writeReports } from './smoke-report-files.js';
import { withoutSecrets } from './smoke-secrets.js';

/** Of what our own environment was made with, what cases adapt to. */
export type ConfiguredServer = Pick<ServerConfig, 'models' | 'limits'>;

/** What is run, and how. */
export interface SmokeSettings extends CaseSelection {
  /** Models to check; by default those that the environment was made with, or that the server lists. */
  models?: readonly string[];
  /** What models compute, of a server that is not ours. */
  expectations?: readonly Expectation[];
  /** End after the first case that fails. */
  bail?: boolean;
  /** How often each case runs. */
  repeat?: number;
  /** Milliseconds of each call; 10,000 unless given. */
  timeoutMs?: number;
  /** Requests that cases of concurrency have in flight; 200 unless given. */
  concurrency?: number;
  /** Notes fail, too. */
  strict?: boolean;
  /** Let cases unload a model and load it again. Of ours they may unless this is false, of others where it is true. */
  unload?: boolean;
}

/** Options of `smoke`. */
export interface SmokeOptions extends TargetOptions, SmokeSettings {
  /** Files to write reports to. */
  reports?: ReportFiles;
}

/** The outcome of every case. */
export interface SmokeReport extends RunReport {
  /** Files that reports were written to, where some were asked for. */
  written?: WrittenReport[];
}

/** At least one case failed, or was noted where notes count. */
export class SmokeFailedError extends KServeEnvError {
  constructor(report: RunReport) {
    const { summary, cases, strict, environment } = report;
    const next =
      environment === undefined
        ? 'each has the command that runs it alone'
        : 'kserve-env logs shows what the server saw';
    const failed = cases.filter((one) => fails(one, report));
    const how = strict && summary.noted > 0 ? 'failed or were noted' : 'failed';
    super(
      'SMOKE_FAILED',
      ExitCode.checkFailed,
      `${failed.length} of ${countOfTold(summary)} checks ${how}; first: ${failed[0]?.title}`,
      {
        hint: `the failures are listed above; ${next}`,
        details: { summary, failed: failed.map(({ id }) => id) },
      },
    );
  }
}

/** No case applied: nothing was shown about the server. */
class NothingCheckedError extends KServeEnvError {
  constructor({ summary }: RunReport) {
    const total = Object.values(summary).reduce((sum, count) => sum + count, 0);
    const what = total === 0 ? 'No case was chosen' : 'Every case was skipped';
    super('SMOKE_EMPTY', ExitCode.checkFailed, `${what}, so nothing is known about this server`, {
      hint: 'kserve-env smoke --list shows the cases there are',
      details: { summary },
    });
  }
}

const usualConcurrency = 200;

/**
 * Checks a server, and writes the reports that are asked for, whatever the verdict.
 * @throws NotRunningError when there is no environment and no endpoint was given; before any case, UsageError for a
 * report that has no place
 */
export async function smoke(options: SmokeOptions, context: CommandContext): Promise<CommandResult<SmokeReport>> {
  const { progress } = context;
  await assertWritable(options.reports ?? {}, context);
  const address = await serverAddress(options, context);
  progress.phaseStarted('smoke');
  const setUp = lastSetUp(address, context);
  await using faults = await faultsFor(address, options, context);
  const report = await smokeServer(address, configuredServer(address), context, options, faults);
  const failure = smokeFailure(report);
  const { ms, summary } = report;
  if (failure) progress.phaseFailed('smoke', ms);
  else progress.phaseFinished({ phase: 'smoke', ms, cached: false, detail: countsText(summary) });
  const whole = { ...report, ...(setUp && { setUp }) };
  const written = await writeReports(options.reports ?? {}, whole, context);
  return {
    data: { ...whole, ...(written.length > 0 && { written }) },
    warnings: address.warnings ?? [],
    ...(failure && { failure }),
  };
}

/** What orders faults of the environment, where cases are chosen that need it. */
async function faultsFor(
  { instance }: ServerAddress,
  options: SmokeOptions,
  context: CommandContext,
): Promise<(FaultPort & AsyncDisposable) | undefined> {
  if (instance === undefined || !suitesOf(options).includes('faults')) return undefined;
  const { openFaultPort } = await import('./smoke-faults.js');
  return await openFaultPort(options, context);
}

/** The failure that a report amounts to, if any. */
export function smokeFailure(report: RunReport): KServeEnvError | undefined {
  if (succeeded(report)) return undefined;
  return countOfFailing(report.summary, report) > 0 ? new SmokeFailedError(report) : new NothingCheckedError(report);
}

/**
 * Runs the cases; the report tells what failed.
 * @param configured what our own environment was made with
 * @param faults what orders faults of it; cases that need it are skipped where it is absent
 * @throws ServerRefusedError where nobody answers over any transport
 */
export async function smokeServer(
  address: ServerAddress,
  configured: ConfiguredServer | undefined,
  { signal, progress }: CommandContext,
  settings: SmokeSettings = {},
  faults?: FaultPort,
): Promise<SmokeReport> {
  const startedAt = Date.now();
  const start = performance.now();
  const timeoutMs = settings.timeoutMs ?? defaultTimeoutMs;
  const connect = (options?: Parameters<typeof openConnections>[1]) => openConnections(connectionsOf(address), options);
  await using connections = connect();
  await assertSomebodyAnswers(connections, address, signal);
  const server = await profileOf(connections, configured, { ...settings, timeoutMs }, signal);
  const cases = casesFor(server, settings);
  const { strict = false } = settings;
  let done = 0;
  let failed = 0;
  const results = await runCases(cases, {
    server,
    connections,
    connect,
    signal,
    timeoutMs,
    concurrency: settings.concurrency ?? usualConcurrency,
    ...(faults && { faults }),
    ...(settings.bail !== undefined && { bail: settings.bail }),
    ...(settings.repeat !== undefined && { repeat: settings.repeat }),
    onResult: (result) => {
      done += 1;
      if (fails(result, { strict })) failed += 1;
      progress.phaseDetail(`${result.suite}: ${done} of ${cases.length}${failed > 0 ? `, ${failed} failed` : ''}`);
    },
  });
  return {
    ...(address.name !== undefined && { environment: address.name }),
    server: {
      name: server.name,
      version: server.version,
      extensions: [...server.extensions],
      models: server.models.map(({ title }) => title),
    },
    endpoints: {
      ...(address.grpc !== undefined && { grpc: address.grpc }),
      ...(address.http !== undefined && { http: address.http }),
    },
    summary: summarise(results),
    suites: suiteCounts(results),
    ms: Math.round((performance.now() - start) * 10) / 10,
    startedAt,
    version: packageVersion(),
    strict,
    notRun: cases.length - results.length,
    cases: address.secrets ? results.map((result) => withoutSecrets(result, address.secrets ?? [])) : results,
  };
}

/** Finds out what the server is, as far as the settings leave it open. */
export function profileOf(
  connections: Connections,
  configured: ConfiguredServer | undefined,
  { models, expectations, timeoutMs, unload }: SmokeSettings & { timeoutMs: number },
  signal: AbortSignal,
): Promise<ServerProfile> {
  return discoverServer({
    connections,
    signal,
    timeoutMs,
    ...(models && { models }),
    ...(expectations && { expectations }),
    ...(configured && { configured: configured.models, limits: configured.limits }),
    ...(unload !== undefined && { mayUnload: unload }),
    guesses: guessedNames(defaultModels),
  });
}

/** How the transports of an address are connected to. @throws UsageError */
export function connectionsOf(address: ServerAddress): ConnectionOptions {
  const grpc = grpcOptions(address);
  const rest = restOptions(address);
  return { ...(grpc && { grpc }), ...(rest && { rest }) };
}

/**
 * Where nobody answers over any transport, one line says more than a list of failed checks.
 * @throws ServerRefusedError
 */
export async function assertSomebodyAnswers(
  { grpc, rest }: Connections,
  address: ServerAddress,
  signal: AbortSignal,
): Promise<void> {
  let first: { error: OipError; endpoint: string } | undefined;
  for (const client of [grpc?.client, rest?.client]) {
    if (client === undefined) continue;
    try {
      await client.serverLive({ signal, timeoutMs: 5_000 });
      return;
    } catch (error) {
      signal.throwIfAborted();
      const options = client.transport === 'grpc' ? grpcOptions(address) : restOptions(address);
      const told = options ? await inOurWords(error, options, address.secrets, signal) : error;
      if (!(told instanceof OipError)) throw told;
      if (told.status !== 'UNAVAILABLE' && told.status !== 'DEADLINE_EXCEEDED') return;
      first ??= { error: told, endpoint: client.endpoint };
    }
  }
  if (first) throw new ServerRefusedError(first.error, first.endpoint);
}

/** What our environment was made with; of somebody else's server that is not known. */
export function configuredServer({ instance }: ServerAddress): ConfiguredServer | undefined {
  return (instance && specOfLabels(instance.labels))?.server;
}
