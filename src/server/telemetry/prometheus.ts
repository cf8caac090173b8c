/**
 * The text exposition format of Prometheus, version 0.0.4.
 * Source: https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md
 */

/** Content type of the format. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** One line of a family: its labels and its value. */
export interface MetricSample {
  labels: Readonly<Record<string, string>>;
  value: number;
  /** What the name of the line has after the family's, such as `_sum` of a summary. */
  suffix?: string;
}

/** All lines of one name. */
export interface MetricFamily {
  name: string;
  type: 'counter' | 'gauge' | 'summary';
  help: string;
  samples: readonly MetricSample[];
}

/** The text of families; one without samples is left out. */
export function writePrometheus(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, type, help, samples }) =>
        `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${samples.map((sample) => line(name, sample)).join('')}`,
    )
    .join('');
}

function line(name: string, { labels, value, suffix = '' }: MetricSample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${formatValue(value)}\n`;
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
