/** Runs the experiments one after the other, and tells their figures: `npm run test:torture`. */
import { type PrivateDaemon, startPrivateDaemon, whyNoPrivateDaemon } from '../tools/private-daemon.js';
import { endAtSignals, readTrialOptions, say, type TrialOptions } from '../tools/trial-options.js';
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
  const options = readTrialOptions(argv, {
    usage,
    names: Object.keys(experiments),
    flags: { short: { type: 'boolean', default: false } },
    own: ({ short = false }) => ({ short }),
  });
  if (!options) return 2;
  const impossible = whyNoPrivateDaemon();
  if (impossible !== undefined) {
    say(`Cannot run here: ${impossible}`);
    return 2;
  }
  endAtSignals();
  // Each arena cleans up at the exit.
  process.setMaxListeners(0);
  const { short } = options.own;
  say(`Seed ${options.seed}${short ? ', short form' : ''}`);
  await using daemon = await startPrivateDaemon();
  const report = await runAll(options, { daemon, program, short, say });
  process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : `${renderTable(report.rows)}\n`);
  say(
    `${report.rows.filter(({ ok }) => !ok).length} goals missed, ${report.seconds.toFixed(0)} s, seed ${report.seed}`,
  );
  return report.rows.every(({ ok }) => ok) ? 0 : 1;
}

async function runAll(
  { seed, only }: Pick<TrialOptions<unknown>, 'seed' | 'only'>,
  parts: Omit<Torture, 'random' | 'failed'> & { daemon: PrivateDaemon },
): Promise<Report> {
  const begin = performance.now();
  const report: Report = { seed, short: parts.short, seconds: 0, rows: [], failures: [] };
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
