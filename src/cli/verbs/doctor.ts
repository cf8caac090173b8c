import { withPorts } from '../options.js';
import { configFlags, type GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

/** `doctor`: looks at everything that `up` builds on. */
export function doctorVerb(cli: Cli): void {
  withPorts(cli.verb('doctor', 'look at everything that up builds on, and say what to do')).action(
    async (flags: GlobalFlags) => {
      const { doctor } = await import('../../commands/doctor.js');
      const { renderDoctor } = await import('../render-doctor.js');
      const options = { flags: configFlags(flags) };
      const render = (report: Parameters<typeof renderDoctor>[0]) => renderDoctor(report, flags.verbose === true);
      await cli.run('doctor', flags, (context) => doctor(options, context), render);
    },
  );
}
