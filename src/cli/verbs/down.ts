import { duration, pick } from '../options.js';
import { configFlags, type GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

type DownFlags = Omit<GlobalFlags, 'timeout'> & {
  all?: boolean;
  yes?: boolean;
  rmi?: boolean;
  dryRun?: boolean;
  timeout?: number;
};

/** `down`: removes the environment, or all of them. */
export function downVerb(cli: Cli): void {
  cli
    .verb('down', 'remove the environment; nothing there is success')
    .option('--all', 'remove every environment of yours on this machine; on a terminal it asks first')
    .option('-y, --yes', 'with --all: do not ask')
    .option('--rmi', 'remove the images that kserve-env made, too')
    .option('--timeout <duration>', 'how long to wait for another command that is changing it (default: 5m)', duration)
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .action(async ({ timeout, ...flags }: DownFlags) => {
      const { down } = await import('../../commands/down.js');
      const { renderDown } = await import('../render-environments.js');
      const { confirmRemoval } = await import('../confirm.js');
      const confirm = flags.yes || flags.json ? undefined : confirmRemoval(cli.terminal);
      const options = {
        flags: configFlags(flags),
        ...pick(flags, 'all', 'rmi', 'dryRun'),
        ...(timeout !== undefined && { lockTimeoutMs: timeout }),
        ...(confirm && { confirm }),
      };
      await cli.run('down', flags, (context) => down(options, context), renderDown);
    });
}
