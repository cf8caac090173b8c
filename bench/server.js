/**
 * What the server costs, against the least that the same work can cost: grpc-js that answers bytes with the same bytes,
 * grpc-js with plain proto-loader, node:http that echoes, and one worker. All sides alternate in one run; each ratio is
 * the median of the ratios pair by pair. Beside the rate stands the server's own CPU time a request, which other work on
 * the machine disturbs less. Needs Linux and h2load (Debian: nghttp2-client).
 *
 * node bench/server.js [--rounds 9] [--quick] [--only pattern] [--json | --markdown] [--bundle kserve-server.cjs]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from '../scripts/prepare.js';
import { requireH2load } from './load.js';
import { processTree, threadCount } from './processes.js';
import { contender, measure, startFloor, startOurs, warmUp } from './server-contenders.js';
import { measureMemory } from './server-memory.js';
import { compareRow, printReport } from './server-report.js';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    bundle: { type: 'string' },
  },
});
const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 9));
// Short loads and many of them: what else runs on the machine then falls on both sides of a pair.
const loadSeconds = flags.quick ? 0.5 : 1;
const warmUpSeconds = flags.quick ? 0.5 : 1;
const memorySeconds = flags.quick ? 9 : 30;
const wanted = new RegExp(flags.only, 'i');

const tool = requireH2load();
if (!flags.bundle) prepare();
const bundle = flags.bundle ?? `${root}dist/kserve-server.cjs`;
const scratch = mkdtempSync(join(tmpdir(), 'kserve-env-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const notes = [];
/** Progress and notes go to stderr, so that JSON and Markdown can be redirected. */
const say = (text) => process.stderr.write(`${text}\n`);
function note(text) {
  notes.push(text);
  say(`\n!! ${text}\n`);
}

/** Each server is started when a row first needs it, and runs to the end: idle, it costs nothing. */
const running = new Map();
function once(name, start) {
  if (!running.has(name)) running.set(name, start());
  return running.get(name);
}
const servers = {
  ours: () => once('ours', () => startOurs(bundle)),
  identity: () => once('identity', startFloor.identity),
  protoLoader: () => once('protoLoader', startFloor.protoLoader),
  echo: () => once('echo', startFloor.echo),
  json: () => once('json', startFloor.json),
};

/** Enough requests for the wanted time, and for every connection and stream to have several. */
function requestCount(rate, { clients, streams }) {
  return Math.max(Math.ceil(rate * loadSeconds), clients * streams * 4);
}

/** Loads all sides in turn, `rounds` times. Resolves to one list of measurements a side. */
async function alternate(what, sides) {
  say(what);
  const counts = [];
  for (const side of sides) counts.push(requestCount(await warmUp(side, warmUpSeconds), side.load));
  const runs = sides.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, side] of sides.entries()) runs[index].push(await measure(side, counts[index]));
  }
  return runs;
}

const rows = [];
const protoLoaderGoals = { 1: 1.3, 1000: 2.5, 100000: 8 };

async function grpcRows() {
  for (const n of [1, 1_000, 100_000]) {
    for (const form of ['typed', 'raw']) {
      const what = `gRPC ${form}, n = ${n.toLocaleString('en')}`;
      if (!wanted.test(what)) continue;
      const common = { transport: 'grpc', n, form, scratch };
      const sides = [
        await contender({ ...common, server: await servers.ours() }),
        await contender({ ...common, server: await servers.identity(), echo: true }),
        await contender({ ...common, server: await servers.protoLoader() }),
      ];
      const [ours, identity, protoLoader] = await alternate(what, sides);
      rows.push(compareRow({ what, ours, floor: identity, floorName: sides[1].server.name, goal: 0.85 }));
      rows.push(
        compareRow({
          what,
          ours,
          floor: protoLoader,
          floorName: sides[2].server.name,
          goal: protoLoaderGoals[n],
          ceiling: identity,
        }),
      );
    }
  }
}

async function restRows() {
  for (const n of [1, 1_000]) {
    for (const form of ['json', 'binary']) {
      const what = `REST ${form === 'json' ? 'JSON' : form}, n = ${n.toLocaleString('en')}`;
      if (!wanted.test(what)) continue;
      const common = { transport: 'rest', n, form, scratch };
      const sides = [
        await contender({ ...common, server: await servers.ours() }),
        await contender({ ...common, server: await servers.echo(), echo: true }),
      ];
      // For comparison only: an echo of JSON reads no number.
      if (form === 'json') sides.push(await contender({ ...common, server: await servers.json() }));
      const [ours, echo, json] = await alternate(what, sides);
      rows.push(compareRow({ what, ours, floor: echo, floorName: sides[1].server.name, goal: 0.7 }));
      if (json) rows.push(compareRow({ what, ours, floor: json, floorName: sides[2].server.name }));
    }
  }
}

async function workerRows() {
  const what = 'two workers, gRPC typed, n = 1';
  if (!wanted.test(what)) return;
  let two;
  try {
    two = await startOurs(bundle, { workers: 2 });
  } catch (error) {
    note(`SKIPPED: two workers; the server refuses \`workers\` in its configuration: ${error.message}`);
    return;
  }
  // As new as the other: neither has code compiled for other sizes, nor threads from earlier work.
  const one = await startOurs(bundle);
  // A row that compares one process with itself would say nothing, and look like a figure.
  if (threadCount(processTree(two.pid)) <= threadCount(processTree(one.pid))) {
    note('SKIPPED: two workers; the server takes `workers` and starts none');
    await Promise.all([one.stop(), two.stop()]);
    return;
  }
  const common = { transport: 'grpc', n: 1, form: 'typed', scratch };
  const sides = [
    await contender({ ...common, server: { ...two, name: 'two workers' } }),
    await contender({ ...common, server: one }),
  ];
  const [ours, floor] = await alternate(what, sides);
  rows.push(compareRow({ what, ours, floor, floorName: 'one worker', goal: 1.7 }));
  const cores = availableParallelism();
  const { cpuRatio, cores: used, floorCores } = rows.at(-1);
  note(
    `Two workers used ${used} cores, one used ${floorCores}, of ${cores}${cores < 3 ? ', of which h2load takes one' : ''}. ` +
      `With a core for each they would answer ${(2 * cpuRatio).toFixed(2)} times as much as one, by CPU time a request.`,
  );
  await Promise.all([one.stop(), two.stop()]);
}

async function memoryRows() {
  if (!wanted.test('memory')) return;
  say('memory');
  // A process of its own: what other rows left in the heap is not this one's.
  const server = await startOurs(bundle);
  const typed = { server, transport: 'grpc', n: 1_000, form: 'typed', scratch };
  rows.push(...(await measureMemory(server, () => contender(typed), memorySeconds)));
  await server.stop();
}

try {
  for (const group of [grpcRows, restRows, workerRows, memoryRows]) await group();
} finally {
  for (const server of running.values()) await (await server).stop();
}
printReport({ rows, notes, rounds, loadSeconds, tool }, flags);
process.exit(0);
