import { type TargetFlags, target, withTarget } from '../options.js';
import type { Cli } from '../verb.js';

/** `smoke`: checks a server. */
export function smokeVerb(cli: Cli): void {
  withTarget(cli.verb('smoke', 'check that the server answers right, ours or any other')).action(
    async (flags: TargetFlags) => {
      const { smoke } = await import('../../commands/smoke.js');
      const { renderSmoke } = await import('../render.js');
      const { smokeSummary } = await import('../summary.js');
      const render = (report: Parameters<typeof renderSmoke>[0]) => renderSmoke(report, flags.verbose === true);
      await cli.run('smoke', flags, (context) => smoke(target(flags), context), render, smokeSummary);
    },
  );
}
