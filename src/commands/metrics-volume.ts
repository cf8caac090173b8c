/** `metrics` with made-up volumes: how much of them the whole path carries. */
import { setTimeout } from 'node:timers/promises';
import { UsageError } from '../errors.js';
import type { OtlpFormat } from '../metrics/otlp-document.js';
import { runVolume, type VolumeReport, type VolumeRule } from '../metrics/volume/run-volume.js';
import { connectClients } from './clients.js';
import type { CommandContext, CommandResult } from './context.js';
import { serverAddress, type TargetOptions } from './find-environment.js';
import { failureOf, type PlainRule, plainRule } from './metrics-failure.js';
import { type RuleWords, rulesOfWords } from './metrics-words.js';

/** Options of `metrics` without an input. */
export interface MetricsVolumeOptions extends TargetOptions, RuleWords {
  /** Data points of a scrape; 1,000 unless given. */
  series?: number;
  /** `5/s` scrapes, or `50000points/s`; as many as there can be unless given. */
  rate?: string;
  /** Milliseconds; ten seconds unless given. */
  durationMs?: number;
  /** The same seed makes the same bytes; 1 unless given. */
  seed?: number;
  /** Protobuf unless given. */
  format?: OtlpFormat;
  /** Milliseconds for each inference. */
  timeoutMs?: number;
  /** Inferences of a rule that are under way at the same time; 16 unless given. */
  concurrency?: number;
}

/** What was done, and how fast. */
export interface MetricsVolumeReport extends Omit<VolumeReport, 'rules'> {
  endpoint: string;
  rules: PlainRule<VolumeRule>[];
}

/** What is sent where no rule is given. */
const usualRule = { model: 'simple_scaler', metrics: ['system.cpu.utilization'] };

/** @throws UsageError, NotRunningError */
export async function metricsVolume(
  options: MetricsVolumeOptions,
  context: CommandContext,
): Promise<CommandResult<MetricsVolumeReport>> {
  const { signal, progress } = context;
  const { series = 1000, seed = 1, format = 'protobuf', durationMs = 10_000, timeoutMs, concurrency } = options;
  const named = options.model !== undefined || options.metrics?.length || options.rules?.length;
  const rules = rulesOfWords(named ? options : { ...options, ...usualRule });
  const rate = options.rate === undefined ? undefined : rateOf(options.rate);
  const address = await serverAddress(options, context);
  await using clients = await connectClients(address);
  const { preferred: client } = clients;
  const report = await runVolume({
    series,
    seed,
    format,
    durationMs,
    rules,
    client,
    call: { signal, ...(timeoutMs !== undefined && { timeoutMs }) },
    sleep: async (ms) => await setTimeout(ms, undefined, { signal }),
    onProgress: (scrapes) => progress.phaseDetail(`${scrapes} scrapes`),
    ...(rate && { rate }),
    ...(concurrency !== undefined && { concurrency }),
  });
  const failure = failureOf(report.rules, client.endpoint);
  const { asked, scrapesPerSecond } = report;
  const slow = asked !== null && !asked.reached;
  return {
    data: {
      endpoint: client.endpoint,
      ...report,
      rules: report.rules.map(plainRule),
    },
    warnings: [
      ...(address.warnings ?? []),
      ...(slow ? [`Asked for ${asked.scrapesPerSecond} scrapes/s, got ${scrapesPerSecond}`] : []),
    ],
    ...(failure && { failure }),
  };
}

function rateOf(word: string): { perSecond: number; of: 'scrapes' | 'points' } {
  const [, number, what, unit] = /^(\d+(?:\.\d+)?)\s*(points?|p)?\/(s|m)$/.exec(word.trim()) ?? [];
  const perSecond = Number(number) / (unit === 'm' ? 60 : 1);
  if (perSecond > 0) return { perSecond, of: what === undefined ? 'scrapes' : 'points' };
  throw new UsageError(`--rate: expected scrapes or points a second, got ${JSON.stringify(word)}`, {
    hint: 'for example --rate 5/s, or --rate 50000points/s',
  });
}
