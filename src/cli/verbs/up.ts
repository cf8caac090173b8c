import { pick, serverTlsOption, withPorts } from '../options.js';
import { configFlags, type GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

/** `up`: starts the server and waits until every model answers. */
export function upVerb(cli: Cli): void {
  withPorts(cli.verb('up', 'start the server and wait until every model answers'))
    .addOption(serverTlsOption())
    .option('--smoke', 'then check that it answers right')
    .option('--budget <duration>', 'what the set-up may take; over it the exit code is 10 (default: 5m)')
    .option('--timeout <duration>', 'how long to wait for the server and its models (default: 60s)')
    .option('--ttl <duration>', 'let the environment end by itself after so long, for example 30m')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--keep-on-failure', 'leave a failed environment for a closer look')
    .option('--events', 'one JSON object a line on stdout as things happen, the result last')
    .action(async (flags: GlobalFlags & { smoke?: boolean; dryRun?: boolean; keepOnFailure?: boolean }) => {
      const { up } = await import('../../commands/up.js');
      const { renderUp } = await import('../render.js');
      const { renderBudget } = await import('../render-budget.js');
      const { upSummary } = await import('../summary.js');
      const options = { flags: configFlags(flags), ...pick(flags, 'smoke', 'dryRun', 'keepOnFailure') };
      const render = (report: Parameters<typeof renderUp>[0]) =>
        flags.verbose && 'budget' in report ? `${renderUp(report)}\n${renderBudget(report)}` : renderUp(report);
      await cli.run('up', flags, (context) => up(options, context), render, upSummary);
    });
}
