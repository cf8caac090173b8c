/** Sixteen `up` of one name at once: one makes the environment, the others find it, and all of them succeed. */
import type { Answer } from '../cli/run-cli.js';
import { type Arena, type Outcome, openArena, type Torture } from './arena.js';
import { type Failure, percentile, seconds } from './report.js';

const crowd = 16;

export async function crowdOfUps(torture: Torture): Promise<Outcome> {
  const outcome: Outcome = { rows: [], failures: [] };
  const rounds = torture.short ? 1 : 25;
  for (const engine of ['docker', 'process'] as const) {
    await using arena = await openArena(torture, engine);
    const failures: Failure[] = [];
    const times: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const begin = performance.now();
      const found = await oneRound(arena);
      times.push(performance.now() - begin);
      if (found.length === 0) continue;
      failures.push({ experiment: 'crowd', step: `${crowd} up at once (${engine}), round ${round}`, found });
      await arena.clear();
    }
    outcome.rows.push({
      what: `${crowd} up at once (${engine})`,
      trials: rounds,
      figures: { failed: failures.length, 'p50 of a round': seconds(percentile(times, 50)) },
      goal: 'exactly one environment',
      ok: failures.length === 0,
    });
    outcome.failures.push(...failures);
    for (const failure of failures) torture.failed(failure);
    torture.say(`crowd: ${engine}, ${rounds} rounds of ${crowd}`);
  }
  return outcome;
}

async function oneRound(arena: Arena): Promise<string[]> {
  const found: string[] = [];
  const results = await Promise.all(Array.from({ length: crowd }, () => arena.box.json(['up'])));
  for (const { code, answer, stderr } of results)
    if (code !== 0) found.push(`exit code ${code}: ${answer.error?.message ?? stderr.slice(-300)}`);
  const reports = results.map(({ answer }) => answer.data as Answer['data']).filter((data) => data?.endpoints);
  const made = reports.filter(({ outcome }) => outcome !== 'unchanged').length;
  if (made !== 1) found.push(`${made} of them made an environment`);
  const addresses = new Set(reports.map(({ endpoints }) => endpoints.grpc));
  if (addresses.size > 1) found.push(`they tell of ${[...addresses].join(' and ')}`);
  found.push(...(await arena.left('one')));
  await arena.start(['down']).done;
  found.push(...(await arena.left()).map((thing) => `after down: ${thing}`));
  return found;
}
