/** A Podman of the tests' own, which knows nothing of the machine's. For `globalSetup` of vitest. */
import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { setup as prepare } from '../prepare-setup.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Socket of the Podman that the tests talk to. */
    podmanSocket: string;
  }
}

/**
 * Runs on a machine without systemd, and with cgroups of either version. Locks in files, and networks and states in a
 * directory of its own: those of the machine's Podman are numbered and named alike. Addresses by chance, since two Podmans
 * that do not know of each other give out the same ones.
 */
const containersConf = (directory: string) => `[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "${directory}/tmp"
[network]
network_backend = "netavark"
network_config_dir = "${directory}/networks"
default_subnet_pools = [{ base = "10.${randomInt(90, 250)}.0.0/16", size = 24 }]
`;

/** As Docker does by itself: a registry on this machine needs no TLS. */
const registriesConf = `[[registry]]
location = "127.0.0.1"
insecure = true
`;

/** Starts the service, and returns what ends it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await prepare();
  // Short: the path of a socket has 107 bytes at most.
  const directory = mkdtempSync(join(tmpdir(), 'kep-'));
  const conf = join(directory, 'containers.conf');
  writeFileSync(conf, containersConf(directory));
  const registries = join(directory, 'registries.conf');
  writeFileSync(registries, registriesConf);
  const socketPath = join(directory, 'podman.sock');
  const log = join(directory, 'log');
  const output = openSync(log, 'w');
  const storage = ['--root', join(directory, 'root'), '--runroot', join(directory, 'runroot')];
  const service = spawn('podman', [...storage, 'system', 'service', '--time=0', `unix://${socketPath}`], {
    env: { ...process.env, CONTAINERS_CONF: conf, CONTAINERS_REGISTRIES_CONF: registries },
    stdio: ['ignore', output, output],
  });
  const ended = new Promise<string>((resolve) => {
    service.once('error', (error) => resolve(String(error)));
    service.once('exit', (code, signal) => resolve(`ended with ${code ?? signal}: ${readFileSync(log, 'utf8')}`));
  });
  const failure = await Promise.race([untilAnswers(socketPath), ended]);
  if (failure !== undefined) throw new Error(`podman system service ${failure}`);
  project.provide('podmanSocket', socketPath);
  return async () => {
    service.kill();
    await ended;
    // Podman mounts its storage on itself, and leaves that.
    spawnSync('umount', [join(directory, 'root', 'overlay')], { stdio: 'ignore' });
    rmSync(directory, { recursive: true, force: true });
  };
}

const patienceMs = 10_000;

async function untilAnswers(socketPath: string): Promise<string | undefined> {
  const until = Date.now() + patienceMs;
  while (!(await ping(socketPath))) {
    if (Date.now() > until) return `did not answer within ${patienceMs / 1000} s`;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return undefined;
}

function ping(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping' }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once('error', () => resolve(false));
    asked.end();
  });
}
