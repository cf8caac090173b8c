import { configFlags, type GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

/** `ls`: every environment on this machine. */
export function lsVerb(cli: Cli): void {
  cli.verb('ls', 'list every environment of yours on this machine').action(async (flags: GlobalFlags) => {
    const { ls } = await import('../../commands/ls.js');
    const { renderLs } = await import('../render-environments.js');
    await cli.run('ls', flags, (context) => ls({ flags: configFlags(flags) }, context), renderLs);
  });
}
