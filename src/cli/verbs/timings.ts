import { pick, positiveNumber } from '../options.js';
import { configFlags, type GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

type TimingsFlags = GlobalFlags & { limit?: number; all?: boolean; markdown?: boolean; clear?: boolean };

/** `timings`: the history of set-ups. */
export function timingsVerb(cli: Cli): void {
  cli
    .verb('timings', 'show how long set-ups took, phase by phase')
    .option('--limit <count>', 'look at the newest so many set-ups (default: 20)', positiveNumber)
    .option('--all', 'of every environment, not of this one alone')
    .option('--markdown', 'as a table for the summary of a CI job')
    .option('--clear', 'forget them, of all environments with --all')
    .action(async (flags: TimingsFlags) => {
      const { timings } = await import('../../commands/timings.js');
      const { markdownTimings, renderTimings } = await import('../render-timings.js');
      const { columnsOf } = await import('../progress/display.js');
      const { symbolsFor } = await import('../symbols.js');
      const { stdout, env } = cli.terminal;
      // Markdown is read elsewhere than where it is written.
      const space = { symbols: symbolsFor(flags.markdown ? {} : env), columns: columnsOf(stdout) };
      const options = { flags: configFlags(flags), ...pick(flags, 'limit', 'all', 'clear') };
      const render = flags.markdown ? markdownTimings : renderTimings;
      await cli.run(
        'timings',
        flags,
        (context) => timings(options, context),
        (report) => render(report, space),
      );
    });
}
