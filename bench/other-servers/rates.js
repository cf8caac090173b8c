/** How fast every server infers: all loaded in turn in one run, each ratio the median of the ratios pair by pair. */
import { requireH2load } from '../load.js';
import { contender, measure, warmUp } from '../server-contenders.js';
import { compareRow, printReport } from '../server-report.js';

/** How long one load takes, so far as the warm-up can foretell. */
const loadSeconds = 1;
/** What we want to be, times the other servers. */
const goal = 10;

/** The Python servers take longer for a request than a load may be long with many of them on the way. */
const concurrency = { grpc: { clients: 4, streams: 8 }, rest: { clients: 16, streams: 1 } };

/**
 * Prints one row for each form of request and each other server.
 *
 * @param {{ servers: object[], scratch: string, rounds: number, only: RegExp, flags: object }} options ours comes first
 */
export async function measureRates({ servers, scratch, rounds, only, flags }) {
  const tool = requireH2load();
  const rows = [];
  const notes = [];
  const loads = [
    ...[1, 1_000].flatMap((n) => ['typed', 'raw'].map((form) => ({ transport: 'grpc', form, n }))),
    ...[1, 1_000].flatMap((n) => ['json', 'binary'].map((form) => ({ transport: 'rest', form, n }))),
  ];
  for (const { transport, form, n } of loads) {
    const what = `${transport === 'grpc' ? 'gRPC' : 'REST'} ${form}, n = ${n.toLocaleString('en')}`;
    if (!only.test(what)) continue;
    process.stderr.write(`${what}\n`);
    const sides = [];
    for (const server of servers) {
      const ask = { server, transport, form, n, scratch, concurrency: concurrency[transport] };
      try {
        sides.push(await contender(ask));
      } catch (error) {
        if (server === servers[0]) throw error;
        notes.push(`${what}: left out, since ${server.name} does not answer it: ${error.message}`);
      }
    }
    if (sides.length === 1) continue;
    const counts = [];
    for (const side of sides) counts.push(Math.max(64, Math.ceil((await warmUp(side, loadSeconds)) * loadSeconds)));
    const runs = sides.map(() => []);
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, side] of sides.entries()) runs[index].push(await measure(side, counts[index]));
    }
    const [ours, ...theirs] = runs;
    for (const [index, floor] of theirs.entries()) {
      rows.push(compareRow({ what, ours, floor, floorName: sides[index + 1].server.name, goal }));
    }
  }
  printReport({ rows, rounds, loadSeconds, tool, notes }, flags);
}
