import { pick } from '../options.js';
import type { GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

/** `init`: writes a config file and its JSON Schema. */
export function initVerb(cli: Cli): void {
  cli
    .verb('init [file]', 'write a commented kserve-env.yaml and its JSON Schema')
    .option('-f, --force', 'replace a file that is there')
    .option('--stdout', 'print the config instead of writing it')
    .action(async (file: string | undefined, flags: GlobalFlags & { force?: boolean; stdout?: boolean }) => {
      const { init } = await import('../../commands/init.js');
      const { renderInit } = await import('../render.js');
      const config = file ?? flags.config;
      const options = { ...pick(flags, 'force', 'stdout'), ...(config !== undefined && { config }) };
      await cli.run('init', flags, (context) => init(options, context), renderInit);
    });
}
