import { duration, wholeNumber } from '../options.js';
import type { GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

/** `logs`: the server's output. */
export function logsVerb(cli: Cli): void {
  cli
    .verb('logs', "print the server's output")
    .option('-f, --follow', 'go on as it comes')
    .option('--tail <lines>', 'only so many of the last lines', wholeNumber)
    .option('--since <duration>', 'only what was written within this time, for example 5m', duration)
    .action(async (flags: GlobalFlags & { follow?: boolean; tail?: number; since?: number }) => {
      const { printLogs } = await import('../print-logs.js');
      cli.finish(await printLogs(cli.terminal, flags));
    });
}
