/** Fuzzes all targets, one after the other, and tells the figures: `npm run fuzz`. */
import { parseArgs } from 'node:util';
import { alignedRows } from '../../src/cli/columns.js';
import { type FuzzOptions, type FuzzResult, fuzzHere, fuzzThere, type Place } from './run.js';
import { targets } from './targets.js';

const usage = `npm run fuzz -- [--seconds N] [--seed S] [--only NAME]... [--json]
  --seconds N  time for all together, 60 unless given
  --seed S     the inputs of an earlier run
  --only NAME  one target: ${targets.map(({ name }) => name).join(', ')}
  --json       the figures as JSON on stdout
`;

/**
 * @param place the corpus, and the bundles of the server and of what watches it
 * @returns the exit code: 0 where nothing was found, 1 where something was, 2 for what cannot be run
 */
export async function main(argv: string[], place: Place): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n${usage}`);
    return 2;
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const { seed, only, json } = options;
  say(`Seed ${seed}`);
  const chosen = targets.filter(({ name }) => only.length === 0 || only.includes(name));
  const ways = chosen.flatMap((target) => [
    ...(target.tryHere ? [(one: FuzzOptions) => fuzzHere(target, one)] : []),
    ...(target.openLane ? [(one: FuzzOptions) => fuzzThere(target, one)] : []),
  ]);
  const results: FuzzResult[] = [];
  for (const fuzz of ways) {
    results.push(await fuzz({ ...place, seed, seconds: options.seconds / ways.length, say }));
  }
  process.stdout.write(json ? `${JSON.stringify({ seed, results }, undefined, 2)}\n` : `${renderTable(results)}\n`);
  const findings = results.reduce((sum, one) => sum + one.findings.length, 0);
  say(`${findings} findings, seed ${seed}`);
  return findings === 0 ? 0 : 1;
}

interface Options {
  seed: number;
  seconds: number;
  json: boolean;
  only: string[];
}

function readOptions(argv: string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        json: { type: 'boolean', default: false },
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
        only: { type: 'string', multiple: true, default: [] },
      },
    });
    const [seed, seconds] = [Number(values.seed), Number(values.seconds)];
    if (!Number.isSafeInteger(seed) || seed < 0) return `--seed: expected a whole number, got ${values.seed}`;
    if (!(seconds > 0 && seconds < 1e6)) return `--seconds: expected a number above 0, got ${values.seconds}`;
    const unknown = values.only.find((name) => !targets.some((target) => target.name === name));
    if (unknown !== undefined) return `--only: there is no ${unknown}`;
    return { json: values.json, only: values.only, seed, seconds };
  } catch (error) {
    return (error as Error).message;
  }
}

function renderTable(results: readonly FuzzResult[]): string {
  const rows = results.map(({ target, way, inputs, seconds, longestMs, checks, findings }) => [
    findings.length === 0 ? '✔' : '✖',
    target,
    way,
    inputs.toLocaleString('en'),
    `${seconds.toFixed(0)} s`,
    way === 'in process' ? `${longestMs.toFixed(1)} ms` : longestMs === 0 ? 'none' : `${longestMs} ms`,
    way === 'in process' ? '-' : String(checks),
    String(findings.length),
  ]);
  return alignedRows([
    ['', 'target', 'way', 'inputs', 'time', 'longest stall', 'valid inferences', 'findings'],
    ...rows,
  ]).join('\n');
}
