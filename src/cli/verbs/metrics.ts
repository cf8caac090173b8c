import { Option } from 'commander';
import { type CallFlags, collect, durationOption, pick, positiveNumber, target, withTarget } from '../options.js';
import type { Cli } from '../verb.js';

type MetricsFlags = CallFlags & {
  input?: string;
  format?: 'json' | 'protobuf';
  model?: string;
  metric?: string[];
  rule?: string[];
  mode?: string;
  window?: number;
  per?: 'rule' | 'resource' | 'series';
  modelVersion?: string;
  parameter?: string[];
  outputPattern?: string;
  output?: string;
  force?: boolean;
  concurrency?: number;
};

/** `metrics`: OTLP metrics through models. */
export function metricsVerb(cli: Cli): void {
  withTarget(cli.verb('metrics', 'send OTLP metrics through models, and print them with the results'))
    .option('--input <file>', 'OTLP metrics in JSON or protobuf; - for standard input')
    .addOption(
      new Option('--format <format>', "the input's format (default: by its content)").choices(['json', 'protobuf']),
    )
    .option('-m, --model <model>', 'model that the metrics go into')
    .option('--metric <name>', 'metric for an input of the model; may be repeated', collect)
    .option('--rule <model=metrics>', 'model and metrics in one, simple_sum=a.b,a.c; may be repeated', collect)
    .option('--mode <mode>', 'which points: latest, window:N or all (default: latest)')
    .option('--window <count>', 'the same as --mode window:COUNT', positiveNumber)
    .addOption(
      new Option('--per <what>', 'what one inference is made of (default: rule; of a window: series)').choices([
        'rule',
        'resource',
        'series',
      ]),
    )
    .option('--model-version <version>', "version of the models (default: the server's choice)")
    .option('-p, --parameter <name=value>', 'a request parameter, scale_factor=3; may be repeated', collect)
    .option('--output-pattern <pattern>', 'names of new metrics (default: {stem}.{output})')
    .option('-o, --output <file>', 'where to write the metrics; - or nothing for standard output')
    .option('-f, --force', 'replace a file that is there')
    .option('--concurrency <count>', 'inferences at the same time (default: 16)', positiveNumber)
    .addOption(durationOption('--timeout <duration>', 'how long to wait for each answer', '10s'))
    .action(async ({ timeout, ...flags }: MetricsFlags) => {
      const { metrics } = await import('../../commands/metrics.js');
      const { renderMetrics } = await import('../render-metrics.js');
      const { stdout, stderr } = cli.terminal;
      const options = {
        timeoutMs: timeout,
        ...target(flags),
        ...pick(flags, 'input', 'format', 'model', 'mode', 'window', 'per', 'modelVersion', 'outputPattern'),
        ...pick(flags, 'output', 'force', 'concurrency'),
        ...(flags.metric && { metrics: flags.metric }),
        ...(flags.rule && { rules: flags.rule }),
        ...(flags.parameter && { parameters: flags.parameter }),
        ...(flags.json !== true && { stdout }),
      };
      await cli.run(
        'metrics',
        flags,
        (context) => metrics(options, context),
        (report) => {
          // Standard output has the metrics, and nothing else.
          stderr.write(`${renderMetrics(report)}\n`);
          return '';
        },
      );
    });
}
