import { Option } from 'commander';
import type { MetricsOptions } from '../../commands/metrics.js';
import type { MetricsVolumeOptions } from '../../commands/metrics-volume.js';
import { UsageError } from '../../errors.js';
import { printable } from '../../plain-text.js';
import {
  type CallFlags,
  collect,
  durationOption,
  pick,
  positiveNumber,
  target,
  wholeNumber,
  withTarget,
} from '../options.js';
import { reportError } from '../run.js';
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
  series?: number;
  rate?: string;
  duration?: number;
  seed?: number;
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
    .addOption(
      volume(new Option('--series <count>', 'data points of a scrape (default: 1000)').argParser(positiveNumber)),
    )
    .addOption(
      volume(new Option('--rate <rate>', 'scrapes or points a second, 5/s or 50000points/s (default: all it can)')),
    )
    .addOption(volume(durationOption('--duration <duration>', 'how long', '10s')))
    .addOption(
      volume(new Option('--seed <number>', 'the same seed makes the same bytes (default: 1)').argParser(wholeNumber)),
    )
    .action(async ({ timeout, duration, ...flags }: MetricsFlags) => {
      const words = {
        timeoutMs: timeout,
        ...target(flags),
        ...pick(flags, 'format', 'model', 'mode', 'window', 'per', 'modelVersion', 'outputPattern', 'concurrency'),
        ...(flags.metric && { metrics: flags.metric }),
        ...(flags.rule && { rules: flags.rule }),
        ...(flags.parameter && { parameters: flags.parameter }),
      };
      const volumes = pick(flags, 'series', 'rate', 'seed');
      const files = pick(flags, 'input', 'output', 'force');
      if (Object.keys(volumes).length === 0) await runFile(cli, flags, { ...words, ...files });
      else if (Object.keys(files).length > 0) {
        const misuse = new UsageError(
          `--${Object.keys(files)[0]} and --${Object.keys(volumes)[0]} exclude each other`,
          {
            hint: 'without --input metrics are made up, with --series, --rate and --seed',
          },
        );
        cli.finish(reportError('metrics', cli.terminal, flags, misuse));
      } else
        await runVolume(cli, flags, { ...words, ...volumes, ...(duration !== undefined && { durationMs: duration }) });
    });
}

const volume = (option: Option) => option.helpGroup('Flags for made-up volumes, instead of an input:');

async function runFile(
  cli: Cli,
  flags: Omit<MetricsFlags, 'timeout' | 'duration'>,
  options: MetricsOptions,
): Promise<void> {
  const { metrics } = await import('../../commands/metrics.js');
  const { renderMetrics } = await import('../render-metrics.js');
  const { stdout, stderr } = cli.terminal;
  const all = { ...options, ...(flags.json !== true && { stdout }) };
  await cli.run(
    'metrics',
    flags,
    (context) => metrics(all, context),
    (report) => {
      // Standard output has the metrics, and nothing else.
      stderr.write(`${printable(renderMetrics(report))}\n`);
      return '';
    },
  );
}

async function runVolume(
  cli: Cli,
  flags: Omit<MetricsFlags, 'timeout' | 'duration'>,
  options: MetricsVolumeOptions,
): Promise<void> {
  const { metricsVolume } = await import('../../commands/metrics-volume.js');
  const { renderVolume } = await import('../render-metrics.js');
  await cli.run('metrics', flags, (context) => metricsVolume(options, context), renderVolume);
}
