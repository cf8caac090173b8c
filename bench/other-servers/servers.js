/** Starts MLServer and KServe's Python server from PyPI with the models that all are compared by. */
import { get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preparePython, pythonOf } from '../../scripts/registry-tools.js';
import { startChild } from '../processes.js';

const here = fileURLToPath(new URL('.', import.meta.url));

/** A server is ready within this, or never. */
const startSeconds = 60;

/**
 * The other servers: what to install, and how to start. Neither logs requests, and both use one process, which is the
 * fastest that each can do with a model as small as this.
 */
const others = {
  mlserver: {
    name: 'MLServer',
    packages: ['mlserver==1.7.1'],
    // It serves every model that it finds below a directory.
    arguments: (_, models) => [
      ...['-c', 'from mlserver.cli import main; main()', 'start'],
      models.length === 1 ? `${here}mlserver/${models[0]}` : `${here}mlserver`,
    ],
    environment: ({ grpcPort, httpPort }, scratch) => ({
      MLSERVER_HOST: '127.0.0.1',
      MLSERVER_HTTP_PORT: String(httpPort),
      MLSERVER_GRPC_PORT: String(grpcPort),
      MLSERVER_METRICS_PORT: String(httpPort + 2),
      MLSERVER_DEBUG: 'false',
      MLSERVER_PARALLEL_WORKERS: '0',
      MLSERVER_METRICS_DIR: join(scratch, 'metrics'),
    }),
  },
  kserve: {
    name: 'KServe',
    packages: ['kserve==0.21.0'],
    arguments: ({ grpcPort, httpPort }, models) => [
      `${here}kserve_models.py`,
      ...['--serve', models.join(',')],
      ...['--http_port', String(httpPort), '--grpc_port', String(grpcPort), '--workers', '1'],
    ],
    environment: () => ({}),
  },
};

/** Models that each of them has: one alone, or all of these. */
export const allModels = ['simple_scaler', 'simple_sum', 'identity', 'simple'];

/** The keys that `startOther` takes. */
export const otherServers = Object.keys(others);

/** Name and version, as it stands in tables. */
export const titleOf = (key) => `${others[key].name} ${others[key].packages[0].split('==')[1]}`;

/**
 * Installs a server on demand into .cache/ (some 400 MB each), starts it and waits until its model is ready.
 *
 * @param {'mlserver' | 'kserve'} key
 * @param {{ grpcPort: number, httpPort: number }} ports and the one two above `httpPort` has to be free too
 * @param {string} scratch a directory for what the server writes
 * @param {string[]} models simple_scaler, or all models
 * @returns {Promise<{ name: string, pid: number, grpcPort: number, httpPort: number, stop(): Promise<void> }>}
 */
export async function startOther(key, ports, scratch, models = ['simple_scaler']) {
  const { packages, arguments: args, environment } = others[key];
  preparePython(key, packages);
  const child = startChild(pythonOf(key), args(ports, models), {
    cwd: scratch,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...environment(ports, scratch) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaint = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      complaint = (complaint + chunk).slice(-4_000);
    });
  }
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const ready = whenReady(ports, models, Date.now() + startSeconds * 1_000);
  const first = await Promise.race([ready.then(() => 'ready'), ended.then((code) => `ended (${code})`)]);
  if (first !== 'ready') throw new Error(`${titleOf(key)} ${first} before it was ready: ${complaint}`);
  return {
    ...ports,
    name: titleOf(key),
    pid: child.pid,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(late);
    },
  };
}

async function whenReady({ grpcPort, httpPort }, models, deadline) {
  const ready = (model) =>
    new Promise((resolve) => {
      const request = get({ port: httpPort, path: `/v2/models/${model}/ready`, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      request.on('error', () => resolve(false));
    });
  const listens = () =>
    new Promise((resolve) => {
      const socket = connect(grpcPort, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
  const all = async () => (await Promise.all(models.map(ready))).every(Boolean) && (await listens());
  while (!(await all())) {
    if (Date.now() > deadline) throw new Error(`no server is ready on port ${httpPort} after ${startSeconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
