/** A strict reader of Prometheus' text format 0.0.4, which shares nothing with what writes it. */

export interface ParsedFamily {
  type: string;
  help: string;
  /** Value by the whole line's name and labels, labels sorted: `name{a="b"}`. */
  samples: Map<string, number>;
}

const sampleLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

/**
 * Families by name. Throws for a line that is none, a family without HELP and TYPE before its samples, lines of one
 * family that do not stand together, a sample that is there twice, and a counter that is negative.
 */
export function parsePrometheus(text: string): Map<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('The text does not end with a newline');
  const families = new Map<string, ParsedFamily>();
  let current: { name: string; family: ParsedFamily } | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|summary)$/.exec(line);
    if (help?.[1] && help[2]) {
      if (families.has(help[1])) throw new Error(`${help[1]} is there twice`);
      current = { name: help[1], family: { type: '', help: help[2], samples: new Map() } };
      families.set(current.name, current.family);
    } else if (type?.[1] && type[2]) {
      if (current?.name !== type[1] || current.family.type !== '') throw new Error(`TYPE out of place: ${line}`);
      current.family.type = type[2];
    } else readSample(line, current);
  }
  for (const [name, { samples }] of families) if (samples.size === 0) throw new Error(`${name} has no samples`);
  return families;
}

function readSample(line: string, current: { name: string; family: ParsedFamily } | undefined): void {
  const [, name = '', labels = '', digits = ''] = sampleLine.exec(line) ?? [];
  if (name === '') throw new Error(`No line of the format: ${line}`);
  const family = current?.family;
  const names = family?.type === 'summary' ? [`${current?.name}_sum`, `${current?.name}_count`] : [current?.name];
  if (!family || family.type === '' || !names.includes(name)) throw new Error(`${name} stands in another family`);
  const value = digits.endsWith('Inf') ? Number(digits.replace('Inf', 'Infinity')) : Number(digits);
  const key = `${name}{${readLabels(labels).join(',')}}`;
  if (family.samples.has(key)) throw new Error(`${key} is there twice`);
  if (family.type === 'counter' && !(value >= 0)) throw new Error(`The counter ${key} is ${value}`);
  family.samples.set(key, value);
}

function readLabels(text: string): string[] {
  const labels: string[] = [];
  const label = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
  while (label.lastIndex < text.length) {
    const [, name, value] = label.exec(text) ?? [];
    if (name === undefined) throw new Error(`No labels: ${text}`);
    labels.push(`${name}="${value}"`);
  }
  if (new Set(labels.map((one) => one.split('=')[0])).size !== labels.length) throw new Error(`Twice a label: ${text}`);
  return labels.sort();
}
