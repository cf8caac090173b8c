/** From measurements to rows, and rows to a table, Markdown or JSON. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { root } from '../scripts/prepare.js';

/** The middle of a list of numbers; of an even number of them the upper of the two. */
export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

const round = (value, digits) => Number(value.toFixed(digits));

/**
 * At least the goal is wanted, where there is one. `ours`, `floor` and `ceiling` are measurements of
 * server-contenders.js, in pairs; `ceiling` is of the framework that does nothing, and its CPU time against the
 * floor's says about the most that ours can reach.
 */
export function compareRow({ what, ours, floor, floorName, goal, ceiling }) {
  const ratios = ours.map(({ rate }, index) => rate / floor[index].rate);
  const cpuRatios = ours.map(({ cpuMicros }, index) => floor[index].cpuMicros / cpuMicros);
  const middle = (runs, key) => median(runs.map((run) => run[key]));
  const ratio = median(ratios);
  return {
    kind: 'rate',
    what,
    floor: floorName,
    rate: Math.round(middle(ours, 'rate')),
    floorRate: Math.round(middle(floor, 'rate')),
    ratio: round(ratio, 2),
    ratios: ratios.map((value) => round(value, 2)),
    cpuMicros: round(middle(ours, 'cpuMicros'), 1),
    floorCpuMicros: round(middle(floor, 'cpuMicros'), 1),
    cpuRatio: round(median(cpuRatios), 2),
    cores: round(middle(ours, 'cores'), 2),
    floorCores: round(middle(floor, 'cores'), 2),
    ...(ceiling && {
      ceiling: round(median(ceiling.map(({ cpuMicros }, index) => floor[index].cpuMicros / cpuMicros)), 2),
    }),
    ...(goal !== undefined && { goal, met: ratio >= goal }),
  };
}

/** At most the goal is wanted. */
export function memoryRow({ what, value, unit, goal }) {
  return { kind: 'memory', what, value: round(value, unit === 'MB' ? 0 : 2), unit, goal, met: value <= goal };
}

/** A bundle from elsewhere has nothing to do with the commit of this checkout. */
function surroundings(bundle) {
  let commit = bundle ?? 'unknown';
  try {
    if (bundle === undefined)
      commit = execFileSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8', stdio: 'pipe' });
  } catch {
    // Not a checkout of git.
  }
  return {
    commit: commit.trim(),
    node: process.versions.node,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    // The benchmark alone keeps it near 2; beyond that something else ran, and the CPU times say more than the rates.
    loadAverage: round(loadavg()[0], 1),
  };
}

const number = (value) => value.toLocaleString('en');
const met = (row) => (row.goal === undefined ? '' : row.met ? 'yes' : 'no');

function cells(row) {
  return [
    row.what,
    number(row.rate),
    number(row.cpuMicros),
    row.floor,
    number(row.floorRate),
    number(row.floorCpuMicros),
    row.ratio.toFixed(2),
    row.cpuRatio.toFixed(2),
    row.goal === undefined ? '' : `≥ ${row.goal}`,
    row.ceiling === undefined ? '' : row.ceiling.toFixed(2),
    met(row),
  ];
}

const rateHead = ['what', 'req/s', 'CPU µs', 'floor', 'req/s', 'CPU µs', 'ratio', 'by CPU', 'goal', 'ceiling', 'met'];
const memoryHead = ['memory', 'figure', 'goal', 'met'];
const memoryCells = (row) => [
  row.what,
  row.unit === 'times' ? `${row.value.toFixed(2)} times` : `${row.value} ${row.unit}`,
  `≤ ${row.goal}`,
  met(row),
];

const markdownTable = (head, lines) =>
  [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');

function textTable(head, lines) {
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column].length)));
  return [head, widths.map((width) => '-'.repeat(width)), ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Prints to stdout what was found, as the flags ask. */
export function printReport(report, { json, markdown, bundle }) {
  const about = surroundings(bundle);
  if (json) {
    console.log(JSON.stringify({ ...about, ...report }, null, 2));
    return;
  }
  const table = markdown ? markdownTable : textTable;
  const of = (kind) => report.rows.filter((row) => row.kind === kind);
  const rates = of('rate').map(cells);
  const memory = of('memory').map(memoryCells);
  const { cpu, cores, node, commit, loadAverage } = about;
  const parts = [
    `${cpu}, ${cores} cores, Node ${node}, ${report.tool}, ${report.rounds} rounds of ${report.loadSeconds} s, medians; load average ${loadAverage} at the end; ${commit}`,
    rates.length > 0 && table(rateHead, rates),
    memory.length > 0 && table(memoryHead, memory),
    ...report.notes,
  ];
  console.log(parts.filter(Boolean).join('\n\n'));
}
