import { configFlags, type GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

/** `pull`: makes the image available. */
export function pullVerb(cli: Cli): void {
  cli
    .verb('pull', 'make the image available as the config says, and start nothing')
    .action(async (flags: GlobalFlags) => {
      const { pull } = await import('../../commands/pull.js');
      const { renderPull } = await import('../render-images.js');
      await cli.run('pull', flags, (context) => pull({ flags: configFlags(flags) }, context), renderPull);
    });
}
