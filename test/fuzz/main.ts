/** Fuzzes all targets, one after the other, and tells the figures: `npm run fuzz`. */
import { alignedRows } from '../../src/cli/columns.js';
import { endAtSignals, readTrialOptions, say } from '../tools/trial-options.js';
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
  const options = readTrialOptions(argv, {
    usage,
    names: targets.map(({ name }) => name),
    flags: { seconds: { type: 'string', default: '60' } },
    own(values) {
      const seconds = Number(values.seconds);
      if (seconds > 0 && seconds < 1e6) return { seconds };
      throw new Error(`--seconds: expected a number above 0, got ${values.seconds}`);
    },
  });
  if (!options) return 2;
  endAtSignals();
  const { seed, only, json } = options;
  const { seconds } = options.own;
  say(`Seed ${seed}`);
  const chosen = targets.filter(({ name }) => only.length === 0 || only.includes(name));
  const ways = chosen.flatMap((target) => [
    ...(target.tryHere ? [(one: FuzzOptions) => fuzzHere(target, one)] : []),
    ...(target.openLane ? [(one: FuzzOptions) => fuzzThere(target, one)] : []),
  ]);
  const results: FuzzResult[] = [];
  for (const fuzz of ways) {
    results.push(await fuzz({ ...place, seed, seconds: seconds / ways.length, say }));
  }
  process.stdout.write(json ? `${JSON.stringify({ seed, results }, undefined, 2)}\n` : `${renderTable(results)}\n`);
  const findings = results.flatMap((one) => one.findings.map((finding) => `${one.target}: ${finding}`));
  for (const finding of findings) say(finding);
  say(`${findings.length} findings, seed ${seed}`);
  return findings.length === 0 ? 0 : 1;
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
