/**
 * What `up`, `down`, `status`, `--version` and the load of a new version's image cost, against the least that the same
 * work can cost: the same requests sent to the Docker socket by curl, and the start of an empty Node process. Both sides
 * alternate in one run; each ratio is the median of the ratios pair by pair. Needs Linux, curl, the ports below, and a
 * Docker daemon, whose images of kserve-env are removed.
 *
 * node bench/lifecycle.js [--rounds 5] [--json] [--markdown] [--only NAME]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
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
const { createOptions, networkOptions } = await import(`${root}dist/engine/docker/create-options.js`);
const { packageVersion } = await import(`${root}dist/commands/package-info.js`);

const image = await planImage({ version: packageVersion(), bundlePath: `${root}dist/kserve-server.cjs` });
const archive = join(scratch, 'image.tar');
await pipeline(Readable.from(imageArchive(image)), createWriteStream(archive));
const body = join(scratch, 'create.json');

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

function docker(method, path, ...more) {
  const args = ['-sS', '--fail-with-body', '-X', method, '--unix-socket', socket, ...more, `http://docker${path}`];
  return execFileSync('curl', args, { encoding: 'utf8' });
}

/** Every image of ours: one that shares a layer with another would leave it there. */
const removeImages = () => {
  const filters = encodeURIComponent(JSON.stringify({ label: ['dev.kserve-env.content'] }));
  for (const { Id } of JSON.parse(docker('GET', `/images/json?filters=${filters}`))) {
    docker('DELETE', `/images/${Id}?force=1`);
  }
};
const coldStart = () => {
  removeImages();
  rmSync(join(scratch, 'cache'), { recursive: true, force: true });
};
const load = () =>
  docker('POST', '/images/load', '-H', 'Content-Type: application/x-tar', '--data-binary', `@${archive}`);

/** The network that `up` makes, for a floor that has one too. */
const network = {
  create: () => {
    writeFileSync(body, JSON.stringify(networkOptions(name)));
    docker('POST', '/networks/create', '-H', 'Content-Type: application/json', '--data-binary', `@${body}`);
  },
  remove: () => docker('DELETE', `/networks/kserve-env-${name}`),
};

/** The container that `up` makes, in a network of its own or in the one that every daemon has. */
function createAndStart(ownNetwork) {
  const server = { version: packageVersion(), models: [{ name: 'simple_scaler', kind: 'scale' }] };
  const spec = {
    name,
    imageId: image.id,
    env: { KSERVE_ENV_SERVER_CONFIG: JSON.stringify(server) },
    labels: {},
    ports,
    resources: { memoryMiB: 256, cpus: 1 },
  };
  const options = createOptions(spec);
  if (ownNetwork) network.create();
  else {
    options.HostConfig.NetworkMode = 'bridge';
    delete options.NetworkingConfig;
  }
  writeFileSync(body, JSON.stringify(options));
  const header = ['-H', 'Content-Type: application/json', '--data-binary', `@${body}`];
  docker('POST', `/containers/create?name=kserve-env-${name}`, ...header);
  docker('POST', `/containers/kserve-env-${name}/start`);
}
function removeContainer(ownNetwork) {
  docker('DELETE', `/containers/kserve-env-${name}?force=1`);
  if (ownNetwork) network.remove();
}

/** Tries until it works, with nothing but a turn of the event loop between. */
async function until(attempt) {
  while (!(await new Promise(attempt))) await new Promise(setImmediate);
}
const accepted = () =>
  until((done) => {
    const client = connect(ports.http, '127.0.0.1', () => done(true));
    client.on('connect', () => client.destroy()).on('error', () => done(false));
  });
const live = () =>
  until((done) => {
    const request = get({ port: ports.http, path: '/v2/health/live', agent: false, timeout: 500 }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy()).on('error', () => done(false));
  });

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
