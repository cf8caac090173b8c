import {
  type CallFlags,
  collect,
  connectionOptions,
  durationOption,
  pick,
  positiveNumber,
  target,
} from '../options.js';
import type { Cli } from '../verb.js';

type MatrixFlags = CallFlags & {
  server?: string[];
  suite?: string[];
  case?: string[];
  model?: string[];
  expect?: string[];
  failOn?: string[];
  unload?: boolean;
  concurrency?: number;
  markdown?: string;
};

/** `matrix`: several servers side by side. */
export function matrixVerb(cli: Cli): void {
  const verb = cli
    .verb('matrix', 'check several servers with the same cases, side by side')
    .option(
      '--server <name=addresses>',
      'NAME=grpc://host:port,http://host:port; may be repeated; a name alone is the environment',
      collect,
    )
    .option('--suite <suite>', 'only these cases; may be repeated, or a list with commas', collect)
    .option('--case <id>', 'only the cases with this id, beginning or pattern with *; may be repeated', collect)
    .option('-m, --model <model>', 'only these models; may be repeated', collect)
    .option(
      '--expect <words>',
      'what a model computes: [[SERVER:]MODEL:]scale=2, sum, identity ...; may be repeated',
      collect,
    )
    .option('--unload', 'let cases unload and load models of servers that are not ours')
    .option('--concurrency <count>', 'requests in flight in the suite concurrency (default: 200)', positiveNumber)
    .option('--fail-on <server>', 'fail where a case fails on this server; may be repeated', collect)
    .option('--markdown <file>', 'write the whole matrix in Markdown')
    .addOption(durationOption('--timeout <duration>', 'how long a server may take for a call', '10s'));
  for (const option of connectionOptions()) verb.addOption(option.helpGroup(forAll));
  verb.action(async ({ timeout, ...flags }: MatrixFlags) => {
    const { matrix } = await import('../../commands/matrix.js');
    const { expectationsOfWords, serversOfWords } = await import('../../commands/matrix-words.js');
    const { suitesOfWords } = await import('../../commands/suite-words.js');
    const { renderMatrix } = await import('../render-matrix.js');
    const { spaceOf } = await import('../space.js');
    await cli.run(
      'matrix',
      flags,
      (context) => {
        const servers = serversOfWords(flags.server ?? []);
        const options = {
          ...target(flags),
          ...pick(flags, 'unload', 'concurrency', 'failOn', 'markdown'),
          servers,
          expectations: expectationsOfWords(flags.expect ?? [], servers),
          timeoutMs: timeout,
          ...(flags.suite && { suites: suitesOfWords(flags.suite) }),
          ...(flags.case && { cases: flags.case }),
          ...(flags.model && { models: flags.model }),
        };
        return matrix(options, context);
      },
      (report) => renderMatrix(report, spaceOf(cli.terminal, flags)),
    );
  });
}

/** The help's heading of the flags that say how servers are spoken to. */
const forAll = 'Flags for every server that is given by its address:';
