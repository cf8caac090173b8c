/** Results as text for people. Pure: data in, text out. */
import type { HealthReport } from '../commands/health.js';
import type { InitReport } from '../commands/init.js';
import type { StatusReport } from '../commands/status.js';
import type { UpPlanReport, UpReport } from '../commands/up.js';
import { formatDuration } from '../duration.js';
import { accessRows } from './render-access.js';
import { faultLine } from './render-fault.js';
import { failureLines, smokeCounts } from './render-smoke.js';

/** What `up` made, or would make. */
export function renderUp(report: UpReport | UpPlanReport): string {
  return 'dryRun' in report ? renderPlan(report) : renderEnvironment(report);
}

function renderPlan({ name, engine, operations, changes }: UpPlanReport): string {
  const rows = operations.map(({ kind, reason }) => [kind, reason] as const);
  return [
    `Would set up ${name} with ${engine.title} (${engine.reason}):`,
    ...table(rows),
    ...indent(changes),
    'Nothing was changed.',
  ].join('\n');
}

function renderEnvironment(report: UpReport): string {
  const { name, engine, outcome, endpoints, models, budget, smoke, changes, faults = [] } = report;
  const verb = { create: 'is up', recreate: 'was recreated and is up', unchanged: 'was up already, unchanged' }[
    outcome
  ];
  const percent = (budget.share * 100).toFixed(budget.share < 0.1 ? 1 : 0);
  const share = budget.over
    ? `over the ${formatDuration(budget.budgetMs)} budget`
    : `${percent} % of the ${formatDuration(budget.budgetMs)} budget`;
  return [
    faults.length === 0
      ? `${name} ${verb}: ready in ${formatDuration(budget.totalMs)}, ${share}`
      : `${name} ${verb}, with faults in force: it took ${formatDuration(budget.totalMs)}, ${share}`,
    ...indent(changes),
    ...(smoke ? failureLines(smoke) : []),
    ...table([
      ['gRPC', endpoints.grpc],
      ['REST', endpoints.http],
      ...accessRows(report.access),
      ['models', models.join(', ')],
      ...faults.map((row) => ['fault', faultLine(row)] as const),
      ['engine', `${engine.title} (${engine.reason})`],
      ...(report.expiresAt ? [['ends', report.expiresAt] as const] : []),
      ...(smoke ? [['smoke', smokeCounts(smoke)] as const] : []),
    ]),
  ].join('\n');
}

/** What runs and where, or where it was looked for. */
export function renderStatus(report: StatusReport): string {
  const { name, state, engine, endpoints, health, models, drift, startedAt, image, usage, tried } = report;
  if (state === 'absent') {
    return [
      `${name} is not there`,
      ...tried.map(
        ({ endpoint, outcome }) => `  looked in ${endpoint}: ${outcome === 'answers' ? 'has none' : outcome}`,
      ),
    ].join('\n');
  }
  const condition = health === undefined ? '' : healthWord(health);
  return [
    `${name} is ${state}${report.disconnected ? ', disconnected' : ''}${condition}`,
    ...table([
      ...(endpoints
        ? ([
            ['gRPC', endpoints.grpc],
            ['REST', endpoints.http],
          ] as const)
        : []),
      ...accessRows(report.access),
      ...(engine ? ([['engine', engine.title]] as const) : []),
      ...(startedAt ? ([['since', startedAt]] as const) : []),
      ...(report.expiresAt ? ([['ends', report.expiresAt]] as const) : []),
      ...(image ? ([['image', image]] as const) : []),
      ...(usage ? ([['uses', usageWord(usage)]] as const) : []),
      ...models.map((model) => ['model', modelWord(model)] as const),
      ...(report.faults ?? []).map((row) => ['fault', faultLine(row)] as const),
    ]),
    ...(drift === undefined || drift.length === 0
      ? []
      : ['The config has changed since; kserve-env up applies it:', ...indent(drift)]),
  ].join('\n');
}

function healthWord({ live, ready, reason }: HealthReport): string {
  if (live && ready) return ', live and ready';
  return live ? ', live, not ready' : `, not live${reason === undefined ? '' : ` (${reason})`}`;
}

function usageWord({ memoryBytes, memoryLimitBytes, cpuSeconds }: NonNullable<StatusReport['usage']>): string {
  const mebibytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`;
  const limit = memoryLimitBytes === undefined ? '' : ` of ${mebibytes(memoryLimitBytes)}`;
  return `${mebibytes(memoryBytes)}${limit} of memory, ${cpuSeconds.toFixed(1)} s of CPU time so far`;
}

function modelWord({ name, versions, kind, ready, reason }: StatusReport['models'][number]): string {
  const which = versions.length === 1 && versions[0] === '1' ? name : `${name} ${versions.join(', ')}`;
  const how = ready === undefined ? '' : ready ? ', ready' : ', not ready';
  return `${which} (${kind}${how}${reason === undefined ? '' : `: ${reason}`})`;
}

/** The files that were written, or the text that would be. */
export function renderInit({ written, text }: InitReport): string {
  return written.length === 0 ? text.trimEnd() : written.map((path) => `Wrote ${path}`).join('\n');
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`);
}

function indent(lines: string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
