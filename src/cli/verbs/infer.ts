import { Option } from 'commander';
import { type CallFlags, collect, durationOption, pick, target, withTarget } from '../options.js';
import type { Cli } from '../verb.js';

type InferFlags = CallFlags & {
  tensor?: string[];
  input?: string;
  datatype?: string;
  parameter?: string[];
  modelVersion?: string;
  raw?: boolean;
  rest?: boolean;
  rawJson?: boolean;
  curl?: boolean;
  grpcurl?: boolean;
};

/** `infer`: one inference. */
export function inferVerb(cli: Cli): void {
  withTarget(cli.verb('infer <model> [values...]', 'run one inference: kserve-env infer simple_scaler 1 -2.5 3'), {
    restAlias: false,
  })
    .option('-t, --tensor <name=values>', 'an input by name, input_a=1,2,3 or a=@FILE; may be repeated', collect)
    .option('--input <file>', 'a REST body, a JSON array or object of arrays, or .npy; - for stdin')
    .option('-d, --datatype <datatype>', "datatype of the values (default: the model's)")
    .option('-p, --parameter <name=value>', 'a request parameter, scale_factor=3; may be repeated', collect)
    .option('--model-version <version>', "version of the model (default: the server's choice)")
    .option('--raw', 'send raw bytes instead of typed contents')
    .option('--rest', 'over REST instead of gRPC')
    .addOption(new Option('--raw-json', "print the answer as REST's own JSON body").conflicts('json'))
    .addOption(new Option('--curl', 'print the call as a command of curl, and send nothing').conflicts('rawJson'))
    .addOption(new Option('--grpcurl', 'the same of grpcurl').conflicts(['rawJson', 'curl', 'rest']))
    .addOption(durationOption('--timeout <duration>', 'how long to wait for the answer', '10s'))
    .action(async (model: string, values: string[], { timeout, ...flags }: InferFlags) => {
      const options = {
        model,
        values,
        timeoutMs: timeout,
        ...target(flags),
        ...pick(flags, 'input', 'datatype', 'modelVersion', 'raw', 'rest', 'rawJson'),
        ...(flags.tensor && { tensors: flags.tensor }),
        ...(flags.parameter && { parameters: flags.parameter }),
      };
      const tool = flags.curl ? 'curl' : flags.grpcurl ? 'grpcurl' : undefined;
      if (tool !== undefined) {
        const { inferCommandLine } = await import('../../commands/infer-command-line.js');
        const asCommand = { ...options, tool } as const;
        await cli.run(
          'infer',
          flags,
          (context) => inferCommandLine(asCommand, context),
          ({ command }) => command,
        );
        return;
      }
      const { infer } = await import('../../commands/infer.js');
      const { renderInfer } = await import('../render-infer.js');
      const render = (report: Parameters<typeof renderInfer>[0]) => renderInfer(report, flags.verbose === true);
      await cli.run('infer', flags, (context) => infer(options, context), render);
    });
}
