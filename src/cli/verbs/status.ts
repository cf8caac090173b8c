import { pick } from '../options.js';
import { configFlags, type GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

/** `status`: what runs, where, and how it is. */
export function statusVerb(cli: Cli): void {
  cli
    .verb('status', 'show what runs, where, since when, and how it is')
    .option('--exit-code', 'exit 3 when it does not run, 4 when it is not ready')
    .action(async (flags: GlobalFlags & { exitCode?: boolean }) => {
      const { status } = await import('../../commands/status.js');
      const { renderStatus } = await import('../render.js');
      const options = { flags: configFlags(flags), ...pick(flags, 'exitCode') };
      await cli.run('status', flags, (context) => status(options, context), renderStatus);
    });
}
