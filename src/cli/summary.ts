/** Summaries of `up` and `smoke` for the page of a CI job, in GitHub's Markdown. Pure. */
import { markdownReport, reportSections } from '../checks/report/markdown.js';
import { type PhaseRecord, phaseTitles } from '../commands/context.js';
import type { SmokeReport } from '../commands/smoke.js';
import type { UpPlanReport, UpReport } from '../commands/up.js';
import { formatDuration } from '../duration.js';
import { block, inCell, percentOf, tableOf } from '../markdown.js';
import { errorText, errorWords } from './output.js';
import type { Outcome } from './run.js';

/** The phases of a set-up, whether it came to its end or not, and where the server is. */
export function upSummary({ data, error, phases }: Outcome<UpReport | UpPlanReport>): string {
  if (data !== undefined && 'dryRun' in data) return '';
  const title = data === undefined ? '✖ kserve-env up failed' : `✔ ${inCell(data.name)} is up`;
  return [
    `### ${title}`,
    ...(data === undefined ? [] : [endpointsLine(data.endpoints)]),
    phaseTable(phases, data),
    ...(data?.smoke === undefined ? [] : reportSections(data.smoke)),
    ...errorBlock(error),
  ].join('\n\n');
}

/** The counts of a run of checks by suite, and what failed. */
export function smokeSummary({ data, error }: Outcome<SmokeReport>): string {
  const head = data === undefined ? '### ✖ kserve-env smoke' : markdownReport(data).trimEnd();
  return [head, ...errorBlock(error)].join('\n\n');
}

function endpointsLine({ grpc, http }: { grpc?: string; http?: string }): string {
  const words = [grpc && `gRPC \`${grpc}\``, http && `REST \`${http}\``];
  return words.filter(Boolean).join(', ');
}

function phaseTable(phases: readonly PhaseRecord[], data: UpReport | undefined): string {
  const budget = data?.budget;
  const share = (ms: number) => (budget === undefined ? '' : percentOf(ms / budget.budgetMs));
  const rows = phases.map(({ phase, ms, cached, detail }) => [
    phaseTitles[phase],
    formatDuration(ms),
    share(ms),
    `${inCell(detail)}${cached ? ' (cached)' : ''}`,
  ]);
  const ends =
    budget === undefined
      ? []
      : [
          ['Rest', formatDuration(budget.restMs), share(budget.restMs), ''],
          ['**Total**', `**${formatDuration(budget.totalMs)}**`, `**${percentOf(budget.share)}**`, ''],
        ];
  const budgetTitle = budget === undefined ? 'of the budget' : `of the ${formatDuration(budget.budgetMs)} budget`;
  return tableOf(
    [{ title: 'phase' }, { title: 'time', right: true }, { title: budgetTitle, right: true }, { title: '' }],
    [...rows, ...ends],
  );
}

function errorBlock(error: unknown): string[] {
  return error === undefined ? [] : [block(errorText(errorWords(error, false), '→'))];
}
