import type { ReportKind } from '../../checks/report/renderers.js';
import type { SmokeOptions, SmokeReport } from '../../commands/smoke.js';
import { UsageError } from '../../errors.js';
import { type CallFlags, collect, durationOption, pick, positiveNumber, target, withTarget } from '../options.js';
import type { Painted } from '../run.js';
import type { Cli } from '../verb.js';

type SmokeFlags = Omit<CallFlags, 'timeout'> & {
  suite?: string[];
  case?: string[];
  list?: boolean;
  bail?: boolean;
  strict?: boolean;
  repeat?: number;
  concurrency?: number;
  model?: string[];
  expect?: string[];
  unload?: boolean;
  junit?: string;
  markdown?: string;
  html?: string;
};

/** `smoke`: checks a server. */
export function smokeVerb(cli: Cli): void {
  withTarget(cli.verb('smoke', 'check that the server answers right, ours or any other'))
    .option('--suite <suite>', 'only these cases; may be repeated, or a list with commas', collect)
    .option('--case <id>', 'only this case, or those below it, or of a pattern with *; may be repeated', collect)
    .option('--list', 'say which cases there are, and run none')
    .option('-m, --model <model>', 'a model to check; may be repeated (default: all)', collect)
    .option('--expect <words>', 'what models compute: scale=2, my_model:sum; may be repeated', collect)
    .option('--bail', 'end with the first case that fails')
    .option('--strict', 'let what is legal and unusual fail, too')
    .option('--repeat <count>', 'run each case so often (default: 1)', positiveNumber)
    .addOption(durationOption('--timeout <duration>', 'how long to wait for each answer', '10s'))
    .option('--concurrency <count>', 'requests in flight in the suite concurrency (default: 200)', positiveNumber)
    .option('--unload', "unload and load a model of a server that is not kserve-env's, to check that")
    .option('--junit <file>', 'write the report as JUnit XML; - for standard output')
    .option('--markdown <file>', 'write it as Markdown; - for standard output')
    .option('--html <file>', 'write it as a page; - for standard output')
    .action(async ({ timeout, ...flags }: SmokeFlags & Pick<CallFlags, 'timeout'>) => {
      if (flags.list) await list(cli, flags, timeout);
      else await run(cli, flags, timeout);
    });
}

async function run(cli: Cli, flags: SmokeFlags, timeoutMs: number): Promise<void> {
  const { smoke } = await import('../../commands/smoke.js');
  const { smokeSummary } = await import('../summary.js');
  const render = await rendererFor(cli, flags);
  await cli.run(
    'smoke',
    flags,
    async (context) => smoke(await optionsOf(flags, timeoutMs), context),
    render,
    smokeSummary,
  );
}

async function list(cli: Cli, flags: SmokeFlags, timeoutMs: number): Promise<void> {
  const { smokeList } = await import('../../commands/smoke-list.js');
  const { renderSmokeList } = await import('../render-smoke-list.js');
  await cli.run(
    'smoke',
    flags,
    async (context) => smokeList(await optionsOf(flags, timeoutMs), context),
    (report) => renderSmokeList(report, flags.verbose === true),
  );
}

/** @throws UsageError */
async function optionsOf(flags: SmokeFlags, timeoutMs: number): Promise<SmokeOptions> {
  const { suitesOfWords } = await import('../../commands/suite-words.js');
  const { expectationsOfWords } = await import('../../commands/smoke-words.js');
  const reports = pick(flags, 'junit', 'markdown', 'html');
  const alone = stdoutReport(flags);
  if (alone && flags.json) {
    throw new UsageError(`Standard output cannot have both --${alone} - and JSON`, {
      hint: `name a file: --${alone} FILE`,
    });
  }
  if (flags.list && Object.keys(reports).length > 0) {
    throw new UsageError('--list runs nothing that a report could tell of', { hint: 'kserve-env smoke --list --json' });
  }
  return {
    ...target(flags),
    ...pick(flags, 'bail', 'strict', 'repeat', 'concurrency', 'unload'),
    timeoutMs,
    reports,
    ...(flags.suite && { suites: suitesOfWords(flags.suite) }),
    ...(flags.case && { cases: flags.case }),
    ...(flags.model && { models: flags.model }),
    ...(flags.expect && { expectations: expectationsOfWords(flags.expect) }),
  };
}

/** The report that standard output is for, in place of the lines for people. */
function stdoutReport(flags: Pick<SmokeFlags, ReportKind>): ReportKind | undefined {
  return (['junit', 'markdown', 'html'] as const).find((kind) => flags[kind] === '-');
}

async function rendererFor(cli: Cli, flags: SmokeFlags): Promise<(report: SmokeReport) => string | Painted> {
  const alone = stdoutReport(flags);
  if (alone) {
    const { rendererOf } = await import('../../checks/report/renderers.js');
    const render = await rendererOf(alone);
    // The line break at its end is written by who writes any result.
    return (report) => render(report).trimEnd();
  }
  const { renderSmoke } = await import('../render-smoke.js');
  const { spaceOf } = await import('../space.js');
  return (report) => ({ painted: renderSmoke(report, spaceOf(cli.terminal, flags)) });
}
