/** A daemon that goes silent in the midst of `up`: it gives up in time, and the next command finds nothing in its way. */
import { type Arena, type Outcome, openArena, type Torture } from './arena.js';
import { type Failure, seconds } from './report.js';

const experiment = 'silence';
/** Ten seconds for the call that is not answered, and what it takes to end the command, in milliseconds. */
const limitMs = 12_000;

export async function silentDaemon(torture: Torture): Promise<Outcome> {
  const failures: Failure[] = [];
  const times: number[] = [];
  const calls = await callsOfUp(torture);
  const chosen = torture.short ? [torture.random.whole(1, calls)] : Array.from({ length: calls }, (_, i) => i + 1);
  // Most of the time is waiting, so all of them wait together.
  await Promise.all(
    chosen.map(async (call) => {
      await using arena = await openArena(torture, 'docker');
      const found = await silentFrom(arena, call);
      times.push(found.milliseconds);
      if (found.problems.length === 0) return;
      const failure = { experiment, step: `up, and the daemon is silent from call ${call} on`, found: found.problems };
      failures.push(failure);
      torture.failed(failure);
    }),
  );
  const row = {
    what: 'up with a daemon that goes silent at every call',
    trials: chosen.length,
    figures: { failed: failures.length, slowest: seconds(Math.max(...times)) },
    goal: `exit 5 within ${limitMs / 1000} s, 0 leaks`,
    ok: failures.length === 0,
  };
  return { rows: [row], failures };
}

async function silentFrom(arena: Arena, call: number): Promise<{ problems: string[]; milliseconds: number }> {
  let begin = performance.now();
  arena.proxy.decide = ({ index }) => {
    if (index < call) return undefined;
    if (index === call) begin = performance.now();
    return { kind: 'hang' };
  };
  const { code, stderr } = await arena.start(['up']).done;
  const milliseconds = performance.now() - begin;
  arena.proxy.decide = undefined;
  const problems: string[] = [];
  if (code !== 5) problems.push(`exit code ${code}: ${stderr.slice(-500)}`);
  if (milliseconds > limitMs) problems.push(`it took ${seconds(milliseconds)}`);
  const again = await arena.start(['up']).done;
  if (again.code !== 0) problems.push(`the next up exits ${again.code}: ${again.stderr.slice(-500)}`);
  await arena.start(['down']).done;
  return { problems: [...problems, ...(await arena.left())], milliseconds };
}

async function callsOfUp(torture: Torture): Promise<number> {
  await using arena = await openArena(torture, 'docker');
  await arena.start(['up']).done;
  const calls = arena.proxy.requests.length;
  await arena.start(['down']).done;
  return calls;
}
