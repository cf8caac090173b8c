/**
 * What `up`, `down`, `status`, `--version` and the load of a new version's image cost, against the least that the same
 * work can cost: the same requests sent to the Docker socket by curl, and the start of an empty Node process. Both sides
 * alternate in one run; each ratio is the median of the ratios pair by pair. Needs Linux, curl, the ports below, and a
 * Docker daemon, whose images of kserve-env are removed.
 *
 * node bench/lifecycle.js [--rounds 5] [--json] [--markdown] [--only NAME]
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { prepare, root } from '../scripts/prepare.js';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean' },
    markdown: { type: 'boolean' },
    only: { type: 'string' },
  },
});
const rounds = Number(flags.rounds);
const socket = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace('unix://', '');
const ports = { grpc: 19181, http: 19180 };
const name = 'bench-lifecycle';
const scratch = mkdtempSync(join(tmpdir(), 'kserve-env-bench-'));

prepare();
const { assembleImage, planImage } = await import(`${root}dist/image/ensure-image.js`);
const { imageArchive } = await import(`${root}dist/image/image-archive.js`);
const { dockerFloor } = await import('./docker-floor.js');
const { packageVersion } = await import(`${root}dist/commands/package-info.js`);

const image = await planImage({ version: packageVersion(), bundlePath: `${root}dist/kserve-server.cjs` });
const archive = join(scratch, 'image.tar');
await pipeline(Readable.from(imageArchive(image)), createWriteStream(archive));
const { load, createAndStart, removeContainer, removeImages, accepted, live } = dockerFloor({
  socket,
  name,
  ports,
  archive,
  imageId: image.id,
  body: join(scratch, 'create.json'),
});

function kserveEnv(...args) {
  const env = {
    ...process.env,
    KSERVE_ENV_CACHE_DIR: join(scratch, 'cache'),
    KSERVE_ENV_STATE_DIR: join(scratch, 'state'),
  };
  const command = [`${root}bin/kserve-env.js`, ...args, '--name', name];
  const { status, stderr } = spawnSync(process.execPath, command, { env, cwd: scratch });
  if (status !== 0) throw new Error(`kserve-env ${args.join(' ')}: ${stderr}`);
}

const up = () =>
  kserveEnv('up', '--engine', 'docker', '--grpc-port', String(ports.grpc), '--http-port', String(ports.http));
const down = () => kserveEnv('down', '--engine', 'docker');

const coldStart = () => {
  removeImages();
  rmSync(join(scratch, 'cache'), { recursive: true, force: true });
};
const emptyNode = () => spawnSync(process.execPath, ['-e', '0']);

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** `before` brings both sides to the same start, `after` to the same end; neither is timed. */
async function compare(
  what,
  floorName,
  goal,
  { before = () => {}, ours, floor, after = () => {}, afterFloor = after },
) {
  const pairs = [];
  for (let round = 0; round < rounds; round += 1) {
    await before('ours');
    const mine = await timed(ours);
    await after();
    await before('floor');
    const least = await timed(floor);
    await afterFloor();
    pairs.push([mine, least]);
  }
  const ratio = median(pairs.map(([mine, least]) => mine / least));
  const [ms, floorMs] = [median(pairs.map(([mine]) => mine)), median(pairs.map(([, least]) => least))];
  return {
    what,
    ms: Math.round(ms),
    floor: floorName,
    floorMs: Math.round(floorMs),
    ratio: Number(ratio.toFixed(2)),
    goal,
  };
}

/** The next version: another server file over the same runtime. */
const nextBundle = join(scratch, 'kserve-server.cjs');
writeFileSync(nextBundle, `${readFileSync(`${root}dist/kserve-server.cjs`, 'utf8')}\n// the next version`);
const { connectEngine } = await import(`${root}dist/engine/detect.js`);
const { engine } = await connectEngine('docker');
const cacheDir = join(scratch, 'cache');
async function assemble(bundlePath) {
  await assembleImage(engine.images, { version: packageVersion(), bundlePath, cacheDir });
}
const current = `${root}dist/kserve-server.cjs`;

/** How far `up` and `down` are from the same work done by curl: the goal's floor, and one with a network of its own. */
const lifecycle = {
  cold: (ownNetwork, goal) =>
    compare('cold up, no image', floorName('load + create + start + first accepted connection', ownNetwork), goal, {
      before: coldStart,
      ours: up,
      after: down,
      floor: async () => {
        load();
        createAndStart(ownNetwork);
        await accepted();
      },
      afterFloor: () => removeContainer(ownNetwork),
    }),
  warm: (ownNetwork, goal) =>
    compare('warm up', floorName('create + start + first ServerLive + empty Node', ownNetwork), goal, {
      ours: up,
      after: down,
      floor: async () => {
        emptyNode();
        createAndStart(ownNetwork);
        await live();
      },
      afterFloor: () => removeContainer(ownNetwork),
    }),
  down: (ownNetwork, goal) =>
    compare('down', floorName('DELETE container + empty Node', ownNetwork), goal, {
      before: async (side) => {
        if (side === 'ours') return up();
        createAndStart(ownNetwork);
        return live();
      },
      ours: down,
      floor: () => {
        emptyNode();
        removeContainer(ownNetwork);
      },
    }),
};
const floorName = (work, ownNetwork) => (ownNetwork ? `${work} + a network` : work);

const benches = {
  cold: () => lifecycle.cold(false, '≤ 1.5'),
  'cold-network': () => lifecycle.cold(true, ''),
  warm: () => lifecycle.warm(false, '≤ 1.3'),
  'warm-network': () => lifecycle.warm(true, ''),
  down: () => lifecycle.down(false, '≤ 1.3'),
  'down-network': () => lifecycle.down(true, ''),
  status: async () => {
    up();
    const row = await compare('status', 'empty Node', '≤ 2.5', { ours: () => kserveEnv('status'), floor: emptyNode });
    down();
    return row;
  },
  version: () => {
    const version = () => spawnSync(process.execPath, [`${root}bin/kserve-env.js`, '--version']);
    return compare('--version', 'empty Node', '≤ 1.3', { ours: version, floor: emptyNode });
  },
  'second-image': () =>
    compare('load of the next version', 'load of the first', '≤ 0.3', {
      before: (side) => {
        removeImages();
        if (side === 'ours') return assemble(current);
      },
      ours: () => assemble(nextBundle),
      floor: () => assemble(current),
    }),
};

const rows = [];
try {
  const chosen = Object.entries(benches).filter(([name]) => flags.only === undefined || name.includes(flags.only));
  // Both sides find the image and the caches warm; `cold` undoes that by itself.
  up();
  down();
  load();
  for (const [, bench] of chosen) rows.push(await bench());
} finally {
  down();
  removeImages();
  await engine[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
}
if (flags.json) console.log(JSON.stringify({ node: process.versions.node, rounds, rows }, null, 2));
else if (flags.markdown) console.log(markdown(rows));
else console.table(rows);

function markdown(rows) {
  const columns = ['what', 'ms', 'floor', 'floorMs', 'ratio', 'goal'];
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(columns.map((key) => row[key]))),
  ].join('\n');
}
