import { Argument } from 'commander';
import { commandContext } from '../../commands/context.js';
import { type Shell, shells } from '../completion-scripts.js';
import type { GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

/** `completion`: what a shell has to be told; and `complete`, hidden, which the shell then asks. */
export function completionVerb(cli: Cli): void {
  cli
    .verb('completion', 'print what a shell needs to complete kserve-env')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action(async (shell: Shell, flags: GlobalFlags) => {
      const { completionScript } = await import('../completion-scripts.js');
      const data = { shell, script: completionScript(shell) };
      await cli.run(
        'completion',
        flags,
        async () => ({ data, warnings: [] }),
        ({ script }) => script,
      );
    });
  cli.program
    .command('complete [words...]', { hidden: true })
    .description('what may stand in place of the last word; asked by the script of completion')
    .action(async (words: string[]) => {
      cli.terminal.stdout.write(await answer(cli, words));
    });
}

async function answer({ program, terminal }: Cli, typed: string[]): Promise<string> {
  const { complete } = await import('../complete.js');
  const { candidates, also, prefix } = complete(program, typed);
  const context = commandContext(terminal);
  const words = await import('../../commands/known-words.js');
  const lookUp = {
    environments: words.knownEnvironments,
    models: words.knownModels,
    faults: words.knownFaults,
    scenarios: words.knownScenarios,
  };
  const known = also === undefined || also === 'files' ? [] : await lookUp[also](context);
  const current = typed.at(-1) ?? '';
  const fitting = known
    .map((name) => `${prefix}${name}`)
    .filter((word) => word.startsWith(current === '=' ? '' : current));
  const lines = [
    ...candidates.map(({ word, description }) => `${word}\t${description}`),
    ...fitting.map((word) => `${word}\t`),
  ];
  return [also === 'files' ? 'files' : 'words', ...lines, ''].join('\n');
}
