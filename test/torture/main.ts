/** Runs the experiments one after the other, and tells their figures: `npm run test:torture`. */
import { parseArgs } from 'node:util';
import { type PrivateDaemon, startPrivateDaemon, whyNoPrivateDaemon } from '../tools/private-daemon.js';
import { type Outcome, openArena, type Torture } from './arena.js';
import { crowdOfUps } from './crowd.js';
import { daemonFaults } from './daemon-faults.js';
import { interruptEveryPhase } from './interrupt.js';
import { killAtEveryCall, killAtRandom } from './kill.js';
import { seededRandom } from './random.js';
import { type Report, renderFailure, renderTable } from './report.js';
import { silentDaemon } from './silence.js';

const experiments: Record<string, (torture: Torture) => Promise<Outcome>> = {
  'kill-calls': killAtEveryCall,
  'kill-random': killAtRandom,
  'ctrl-c': interruptEveryPhase,
  crowd: crowdOfUps,
  'daemon-faults': daemonFaults,
  silence: silentDaemon,
};

const usage = `npm run test:torture -- [--short] [--seed N] [--only NAME]... [--json]
  --short      a few trials of each sort, in about three minutes
  --seed N     the choices of an earlier run
  --only NAME  one experiment: ${Object.keys(experiments).join(', ')}
  --json       the figures as JSON on stdout
`;

/**
 * @param program the launcher to run
 * @returns the exit code: 0 when every goal was reached, 1 when not, 2 for what cannot be run
 */
export async function main(argv: string[], program: string): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n${usage}`);
    return 2;
  }
  const impossible = whyNoPrivateDaemon();
  if (impossible !== undefined) {
    process.stderr.write(`Cannot run here: ${impossible}\n`);
    return 2;
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
  // Each arena cleans up at the exit.
  process.setMaxListeners(0);
  const say = (text: string) => process.stderr.write(`${text}\n`);
  say(`Seed ${options.seed}${options.short ? ', short form' : ''}`);
  await using daemon = await startPrivateDaemon();
  const report = await runAll(options, { daemon, program, short: options.short, say });
  process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : `${renderTable(report.rows)}\n`);
  say(
    `${report.rows.filter(({ ok }) => !ok).length} goals missed, ${report.seconds.toFixed(0)} s, seed ${report.seed}`,
  );
  return report.rows.every(({ ok }) => ok) ? 0 : 1;
}

interface Options {
  seed: number;
  short: boolean;
  json: boolean;
  only: string[];
}

function readOptions(argv: string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        short: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
        only: { type: 'string', multiple: true, default: [] },
      },
    });
    const seed = Number(values.seed);
    if (!Number.isSafeInteger(seed) || seed < 0) return `--seed: expected a whole number, got ${values.seed}`;
    const unknown = values.only.find((name) => !(name in experiments));
    if (unknown !== undefined) return `--only: there is no ${unknown}`;
    return { short: values.short, json: values.json, only: values.only, seed };
  } catch (error) {
    return (error as Error).message;
  }
}

async function runAll(
  { seed, short, only }: Options,
  parts: Omit<Torture, 'random' | 'failed'> & { daemon: PrivateDaemon },
): Promise<Report> {
  const begin = performance.now();
  const report: Report = { seed, short, seconds: 0, rows: [], failures: [] };
  await loadImage({ ...parts, random: seededRandom(seed), failed: () => {} });
  for (const [name, experiment] of Object.entries(experiments)) {
    if (only.length > 0 && !only.includes(name)) continue;
    // Each from the same seed, so that one alone makes the same choices as all together.
    const { rows, failures } = await experiment({
      ...parts,
      random: seededRandom(seed),
      failed: (failure) => parts.say(`${renderFailure(failure)}\n    seed ${seed}, --only ${name}`),
    });
    report.rows.push(...rows);
    report.failures.push(...failures);
  }
  report.seconds = (performance.now() - begin) / 1000;
  return report;
}

/** So that no trial has to. */
async function loadImage(torture: Torture): Promise<void> {
  await using arena = await openArena(torture, 'docker');
  const { code, stderr } = await arena.start(['up']).done;
  if (code !== 0) throw new Error(`kserve-env up exits ${code}, though nothing disturbs it: ${stderr}`);
  await arena.start(['down']).done;
}
