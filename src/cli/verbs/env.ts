import { Option } from 'commander';
import { type EnvFormat, envFormats } from '../../commands/env-format.js';
import { pick } from '../options.js';
import { configFlags, type GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

/** `env`: endpoints for the shell. */
export function envVerb(cli: Cli): void {
  cli
    .verb('env', 'print the endpoints for a shell: eval "$(kserve-env env)"')
    .addOption(new Option('--format <format>', 'what to write').choices(envFormats).default('sh'))
    .option('--unset', 'what takes the variables away again')
    .action(async (flags: GlobalFlags & { format: EnvFormat; unset?: boolean }) => {
      const { env } = await import('../../commands/env.js');
      const options = { flags: configFlags(flags), ...pick(flags, 'format', 'unset') };
      await cli.run(
        'env',
        flags,
        (context) => env(options, context),
        ({ script }) => script,
      );
    });
}
