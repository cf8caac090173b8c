import { type CallFlags, collect, durationOption, target, withTarget } from '../options.js';
import type { Cli } from '../verb.js';

type HealthFlags = CallFlags & { wait?: boolean; model?: string[] };

/** `health`: asks ServerLive, ServerReady and ModelReady. */
export function healthVerb(cli: Cli): void {
  withTarget(cli.verb('health', 'ask ServerLive, ServerReady and ModelReady'))
    .option('-m, --model <model>', "a model to ask about; may be repeated (default: the environment's)", collect)
    .option('--wait', 'ask until everything is ready')
    .addOption(durationOption('--timeout <duration>', 'how long to wait', '60s'))
    .action(async ({ timeout, ...flags }: HealthFlags) => {
      const { health } = await import('../../commands/health.js');
      const { renderHealth } = await import('../render-health.js');
      const { model } = flags;
      const options = {
        ...target(flags),
        ...(model && { models: model }),
        ...(flags.wait && { waitMs: timeout }),
      };
      await cli.run('health', flags, (context) => health(options, context), renderHealth);
    });
}
