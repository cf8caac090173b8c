import type { ServeReport } from '../../commands/serve.js';
import { quotedWord } from '../../shell-word.js';
import { serverTlsOption, withPorts } from '../options.js';
import { accessRows } from '../render-access.js';
import { configFlags, type GlobalFlags, reportError, terminalContext } from '../run.js';
import type { Cli } from '../verb.js';
import { writeJson } from '../write.js';

/** `serve`: the server in the foreground. */
export function serveVerb(cli: Cli): void {
  withPorts(cli.verb('serve', 'run the server in the foreground, with no engine'))
    .addOption(serverTlsOption())
    .action(async (flags: GlobalFlags) => {
      const { serve } = await import('../../commands/serve.js');
      const onListening = (report: ServeReport) => {
        const { grpc, http } = report.endpoints;
        if (flags.json) {
          writeJson(cli.terminal.stdout, { event: 'listening', ...report }, 0);
          return;
        }
        cli.terminal.stderr.write(`Serving gRPC on ${grpc} and REST on ${http}; Ctrl-C ends it\n`);
        for (const [what, path] of accessRows(report.access)) cli.terminal.stderr.write(`${what}: ${path}\n`);
        cli.terminal.stderr.write(`Faults: kserve-env fault list --control ${quotedWord(report.control)}\n`);
      };
      const writeLog = (line: string) => cli.terminal.stdout.write(line);
      const context = await terminalContext(cli.terminal, flags);
      try {
        await serve({ flags: configFlags(flags), onListening, writeLog }, context);
      } catch (error) {
        cli.finish(reportError('serve', cli.terminal, flags, error));
      }
    });
}
