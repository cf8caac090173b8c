/** Where one trial after the other takes place: a machine of its own for the commands, and a daemon behind a proxy. */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { nameLabel } from '../../src/engine/labels.js';
import { type RunningCli, type Sandbox, sandbox } from '../cli/run-cli.js';
import { type DaemonProxy, startDaemonProxy } from '../fakes/daemon-proxy.js';
import { leftSince, takeFootprint } from '../tools/footprint.js';
import type { PrivateDaemon } from '../tools/private-daemon.js';
import { processesWith } from '../tools/processes.js';
import type { Random } from './random.js';
import type { Failure, Row } from './report.js';

/** Engines that trials are made with. */
export type TrialEngine = 'docker' | 'process';

/** What every experiment works with. */
export interface Torture {
  daemon: PrivateDaemon;
  /** The launcher that is run: a copy, so that a build in the meantime changes nothing. */
  program: string;
  random: Random;
  short: boolean;
  /** Tells of the course, on stderr. */
  say(text: string): void;
  /** Tells of a failure as soon as it is there: a long run may be ended before its table. */
  failed(failure: Failure): void;
}

/** Figures of one experiment. */
export interface Outcome {
  rows: Row[];
  failures: Failure[];
}

export interface Arena extends AsyncDisposable {
  box: Sandbox;
  proxy: DaemonProxy;
  /** Name of the environment that trials are about. */
  name: string;
  /** Starts `up` or another verb with the engine and the name of this arena. */
  start(args: string[]): RunningCli;
  /** What is there now that was not there before the first trial. Whatever ends by itself is given a moment. */
  left(allowed?: Allowed): Promise<string[]>;
  /** Removes everything by force, so that one failure does not cause the next. */
  clear(): Promise<void>;
}

/** What may be there after a trial: nothing, one whole environment, or either. */
export type Allowed = 'nothing' | 'one' | 'nothing or one';

/** Processes that run for a container end a little after it, in milliseconds. */
const lingerMs = 4_000;
let arenas = 0;

export async function openArena({ daemon, program }: Torture, engine: TrialEngine): Promise<Arena> {
  arenas += 1;
  const name = `torture-${process.pid}-${arenas}`;
  const proxy = await startDaemonProxy(daemon.socketPath);
  const box = sandbox({ docker: proxy.socketPath, program });
  box.env.KSERVE_ENV_NAME = name;
  box.env.KSERVE_ENV_ENGINE = engine;
  const scope = { directory: box.directory, docker: daemon.docker, names: [name] };
  const before = await takeFootprint(scope);
  const atExit = () => {
    killAll(box.directory);
    for (const path of [box.directory, dirname(proxy.socketPath)]) rmSync(path, { recursive: true, force: true });
  };
  process.once('exit', atExit);
  const clear = async () => {
    killAll(box.directory);
    await removeByForce(daemon, name);
    rmSync(join(box.directory, 'state'), { recursive: true, force: true });
  };
  return {
    box,
    proxy,
    name,
    start: (args) => box.start([...args, '--progress', 'plain']),
    async left(allowed = 'nothing') {
      const begin = performance.now();
      for (;;) {
        const excess = excessOver(allowed, leftSince(before, await takeFootprint(scope)), name);
        // What a command must have removed before it ended is gone by then, or never.
        const lingers = excess.every((thing) => /^(process|listener)/.test(thing));
        if (excess.length === 0 || !lingers || performance.now() - begin > lingerMs) return excess;
        await pause(50);
      }
    },
    clear,
    async [Symbol.asyncDispose]() {
      process.off('exit', atExit);
      await clear();
      await proxy[Symbol.asyncDispose]();
      box[Symbol.dispose]();
    },
  };
}

/** Of what is there, all if it is not what may be there. */
function excessOver(allowed: Allowed, things: string[], name: string): string[] {
  if (things.length === 0) return allowed === 'one' ? ['nothing, where one environment should be'] : [];
  return allowed !== 'nothing' && isWhole(things, name) ? [] : things;
}

/** One running container with its network, or one record with its process; and nothing half made beside it. */
function isWhole(things: string[], name: string): boolean {
  const count = (pattern: RegExp) => things.filter((thing) => pattern.test(thing)).length;
  const own = new RegExp(`^file ${name}(/|$)`);
  const files = things.filter((thing) => thing.startsWith('file '));
  if (files.some((file) => !own.test(file)) || count(/^volume /) > 0) return false;
  const contained = count(/^container .*\(running\)$/);
  const processes = count(/^process /);
  if (count(/^container /) === 1 && contained === 1 && count(/^network /) === 1) return files.length + processes === 0;
  return count(/^(container|network) /) === 0 && processes > 0 && count(/^file [^/]+\/instance\.json$/) === 1;
}

/** Waits for the phase's line of `--progress plain`, or for the end of the command. */
export async function seenOrEnded(running: RunningCli, text: string): Promise<void> {
  await running.sees(text).catch(() => {});
}

/** Others may be at work on the same daemon. */
async function removeByForce({ docker }: PrivateDaemon, name: string): Promise<void> {
  const filters = { label: [`${nameLabel}=${name}`] };
  for (const { Id } of await docker.listContainers({ all: true, filters }))
    await docker.getContainer(Id).remove({ force: true, v: true });
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
}

/** A command may have started a server since it was looked for; one that has been killed starts no more. */
function killAll(directory: string): void {
  for (let round = 0; round < 5; round += 1) {
    const living = processesWith(directory);
    if (living.length === 0) return;
    for (const { pid } of living) tryKill(pid);
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
