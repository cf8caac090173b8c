import { pick } from '../options.js';
import { configFlags, type GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

/** `down`: removes the environment. */
export function downVerb(cli: Cli): void {
  cli
    .verb('down', 'remove the environment; nothing there is success')
    .option('--rmi', 'remove the images that kserve-env made, too')
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .action(async (flags: GlobalFlags & { rmi?: boolean; dryRun?: boolean }) => {
      const { down } = await import('../../commands/down.js');
      const { renderDown } = await import('../render.js');
      const options = { flags: configFlags(flags), ...pick(flags, 'rmi', 'dryRun') };
      await cli.run('down', flags, (context) => down(options, context), renderDown);
    });
}
