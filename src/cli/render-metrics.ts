/** What `metrics` says of its rules, for people. */
import type { MetricsReport, MetricsRuleReport } from '../commands/metrics.js';
import type { MetricsVolumeReport } from '../commands/metrics-volume.js';
import { formatDuration } from '../duration.js';

/** A line for each rule, and one for the whole. */
export function renderMetrics({ rules, originals, ms, path }: MetricsReport): string {
  const kept = `${counted(originals.metrics, 'metric')} of the input ${originals.unchanged ? 'unchanged' : 'CHANGED'}`;
  const where = path === null ? '' : `, written to ${path}`;
  return [...rules.map(ruleLine), `${kept}, in ${formatDuration(ms)}${where}`].join('\n');
}

/** What was sent, how fast, and where the time went. */
export function renderVolume(report: MetricsVolumeReport): string {
  const { series, hosts, scrapes, points, newPoints, inferences, seconds, bytes, shares, latencyMs, asked } = report;
  const share = (part: number) => `${(part * 100).toFixed(1)} %`;
  const own = shares.encode + shares.read + shares.write;
  const asWas = asked === null ? '' : asked.reached ? ', as asked' : `, asked were ${asked.scrapesPerSecond}`;
  const rows = [
    ['sent', `${counted(scrapes, 'scrape')} of ${series} series on ${counted(hosts, 'host')} in ${seconds} s`],
    ['rate', `${report.scrapesPerSecond} scrapes/s${asWas}; ${report.pointsPerSecond} points/s`],
    ['inferences', `${inferences}, ${report.inferencesPerSecond}/s, from ${points} points ${newPoints} new ones`],
    ['inference', percentiles(latencyMs.inference)],
    ['scrape', percentiles(latencyMs.scrape)],
    ['bytes', `${bytes.read} read, ${bytes.written} written (${report.format})`],
    ['time', `inference ${share(shares.infer)}, own work ${share(own)}, idle ${share(shares.idle)}`],
  ];
  const rules = report.rules.map(({ model, metrics, groups, inferences: answered, errors }) => {
    return `${errors.length === 0 ? '✔' : '✖'} ${metrics.join(' + ')} → ${model}: ${answered} of ${counted(groups, 'inference')}`;
  });
  return [...rules, ...rows.map(([label = '', value]) => `  ${label.padEnd(10)}  ${value}`)].join('\n');
}

function percentiles({ p50, p90, p99, max }: MetricsVolumeReport['latencyMs']['scrape']): string {
  return `p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms, at most ${max} ms`;
}

function ruleLine({ model, metrics, groups, inferences, names, newPoints, errors }: MetricsRuleReport): string {
  const mark = errors.length === 0 ? '✔' : '✖';
  const added = names.length === 0 ? 'nothing new' : `${counted(newPoints, 'new point')} in ${names.join(', ')}`;
  const failed = errors.reduce((sum, { count }) => sum + count, 0);
  const trouble = failed === 0 ? '' : `, ${counted(failed, 'error')}`;
  const answered =
    inferences === groups ? counted(groups, 'inference') : `${inferences} of ${counted(groups, 'inference')}`;
  return `${mark} ${metrics.join(' + ')} → ${model}: ${answered}, ${added}${trouble}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
