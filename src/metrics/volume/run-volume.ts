/** Runs scrape after scrape through the whole path, and measures it. */
import type { CallOptions, InferenceClient } from '../../protocol/client.js';
import { ErrorList } from '../error-list.js';
import type { OtlpFormat } from '../otlp-document.js';
import type { RuleReport } from '../report.js';
import type { MetricsRule } from '../rules.js';
import { runRules } from '../run-rules.js';
import { createHostMetrics } from './host-metrics.js';
import { type Percentiles, percentilesOf } from './percentiles.js';

/** How much is asked for. */
export interface VolumeOptions {
  /** Data points of a scrape. */
  series: number;
  seed: number;
  format: OtlpFormat;
  /** Milliseconds for all of it. */
  durationMs: number;
  /** Scrapes or data points a second; as many as there can be unless given. */
  rate?: { perSecond: number; of: 'scrapes' | 'points' };
  rules: readonly MetricsRule[];
  client: InferenceClient;
  call?: CallOptions;
  concurrency?: number;
  /** Told of what was done, a few times a second. */
  onProgress?: (scrapes: number) => void;
  /** Settles after so many milliseconds; rejects where the wait is given up. */
  sleep: (ms: number) => Promise<void>;
  /** Milliseconds since some moment; the process's own clock unless given. */
  now?: () => number;
}

/** A rule over all scrapes. */
export type VolumeRule = Pick<RuleReport, 'model' | 'metrics' | 'groups' | 'inferences' | 'newPoints' | 'errors'>;

/** What was done, and how fast. */
export interface VolumeReport {
  series: number;
  hosts: number;
  format: OtlpFormat;
  seed: number;
  scrapes: number;
  points: number;
  newPoints: number;
  inferences: number;
  seconds: number;
  scrapesPerSecond: number;
  pointsPerSecond: number;
  inferencesPerSecond: number;
  /** Null where as many were made as could be. */
  asked: { scrapesPerSecond: number; reached: boolean } | null;
  /** Milliseconds of an inference, and of all that is done with a scrape. */
  latencyMs: { inference: Percentiles; scrape: Percentiles };
  bytes: { read: number; written: number };
  /** Shares of the time, which are 1 together. `infer` is the wait for answers, `idle` that for the next scrape. */
  shares: { encode: number; read: number; infer: number; write: number; idle: number };
  rules: VolumeRule[];
}

/** A rule over the scrapes so far. */
interface Total {
  rule: VolumeRule;
  errors: ErrorList;
}

/** A rate counts as reached with so much of it. */
const nearEnough = 0.98;
const progressMs = 250;

/** Never throws for what a server does. Throws as runRules for what makes no sense. */
export async function runVolume(options: VolumeOptions): Promise<VolumeReport> {
  const { series, seed, format, durationMs, rate, rules, client, sleep, onProgress } = options;
  const { now = () => performance.now() } = options;
  const generator = createHostMetrics(series, seed, format);
  const latencies: number[] = [];
  const scrapeMs: number[] = [];
  const spent = { encode: 0, read: 0, infer: 0, write: 0, idle: 0 };
  const bytes = { read: 0, written: 0 };
  const totals = rules.map(({ model, metrics }): Total => {
    const errors = new ErrorList();
    return { rule: { model, metrics, groups: 0, inferences: 0, newPoints: 0, errors: errors.list }, errors };
  });
  const scrape = async (onInference: (ms: number) => void) => {
    const begin = now();
    const input = generator.next();
    const encoded = now();
    const { call, concurrency } = options;
    const result = await runRules({
      bytes: input,
      format,
      rules,
      client,
      onInference,
      ...(call && { call }),
      ...(concurrency !== undefined && { concurrency }),
    });
    return { input, ...result, encodeMs: encoded - begin, ms: now() - begin };
  };
  // Not counted: the connection is made, and the code is compiled.
  await scrape(() => {});

  const everyMs = rate === undefined ? 0 : 1000 / (rate.of === 'points' ? rate.perSecond / series : rate.perSecond);
  const start = now();
  let shown = start;
  // Counted, since a sum of fractions would come to just below the end, and make one more.
  for (let index = 0; now() - start < durationMs && index * everyMs < durationMs; index++) {
    const early = start + index * everyMs - now();
    if (early > 0) {
      const before = now();
      await sleep(early);
      spent.idle += now() - before;
    }
    const { input, output, report, encodeMs, ms } = await scrape((latency) => latencies.push(latency));
    scrapeMs.push(ms);
    bytes.read += input.byteLength;
    bytes.written += output.byteLength;
    const { read, infer, write } = report.parts;
    for (const [part, more] of Object.entries({ encode: encodeMs, read, infer, write })) {
      spent[part as keyof typeof spent] += more;
    }
    for (const [index, rule] of report.rules.entries()) addRule(totals[index] as Total, rule);
    if (now() - shown >= progressMs) {
      shown = now();
      onProgress?.(scrapeMs.length);
    }
  }
  const seconds = Math.max(now() - start, rate === undefined ? 0 : scrapeMs.length * everyMs) / 1000;
  const scrapes = scrapeMs.length;
  const inferences = totals.reduce((sum, { rule }) => sum + rule.inferences, 0);
  const total = Object.values(spent).reduce((sum, ms) => sum + ms, 0);
  const share = (ms: number) => Math.round((ms / total) * 10_000) / 10_000;
  const { encode, read, infer, write, idle } = spent;
  return {
    series: generator.series,
    hosts: generator.hosts,
    format,
    seed,
    scrapes,
    points: scrapes * generator.series,
    newPoints: totals.reduce((sum, { rule }) => sum + rule.newPoints, 0),
    inferences,
    seconds: round(seconds),
    scrapesPerSecond: round(scrapes / seconds),
    pointsPerSecond: Math.round((scrapes * generator.series) / seconds),
    inferencesPerSecond: round(inferences / seconds),
    asked: rate === undefined ? null : askedOf(1000 / everyMs, scrapes / seconds),
    latencyMs: { inference: percentilesOf(latencies), scrape: percentilesOf(scrapeMs) },
    bytes,
    shares: { encode: share(encode), read: share(read), infer: share(infer), write: share(write), idle: share(idle) },
    rules: totals.map(({ rule }) => rule),
  };
}

function askedOf(perSecond: number, got: number): VolumeReport['asked'] {
  return { scrapesPerSecond: round(perSecond), reached: got >= perSecond * nearEnough };
}

function addRule({ rule, errors }: Total, report: RuleReport): void {
  rule.groups += report.groups;
  rule.inferences += report.inferences;
  rule.newPoints += report.newPoints;
  for (const error of report.errors) errors.add(error);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
