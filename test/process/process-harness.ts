/** The process engine over a state directory of its own. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine, Instance } from '../../src/engine/engine.js';
import { instanceIdVariable } from '../../src/engine/process/launch.js';
import { processEngine } from '../../src/engine/process/process-engine.js';
import { serverBundlePath } from '../../src/engine/process/server-bundle.js';
import type { EngineHarness } from '../contract/engine-contract.js';

export interface ProcessHarness extends EngineHarness {
  stateDir: string;
  /** One more engine over the same directory, as the next command has it. */
  another(): Engine;
}

/** Processes of this machine that belong to the instance, zombies left out: a zombie has ended. */
export async function processesOf(instanceId: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.split('\0').includes(`${instanceIdVariable}=${instanceId}`)) found.push(Number(pid));
  }
  return found;
}

export async function processHarness(): Promise<ProcessHarness> {
  const stateDir = await mkdtemp(join(tmpdir(), 'kserve-env-test-'));
  const another = () =>
    processEngine({ stateDir, tempDir: tmpdir(), serverBundle: serverBundlePath, env: process.env });
  const engine = another();
  return {
    engine,
    stateDir,
    another,
    async kill(instance: Instance) {
      for (const pid of await processesOf(instance.id)) process.kill(pid, 'SIGKILL');
    },
    async leftOvers(name, instance) {
      const files = (await readdir(stateDir)).filter((entry) => entry === name || entry.startsWith('.'));
      const pids = instance ? await processesOf(instance.id) : [];
      return [...files, ...pids.map((pid) => `process ${pid}`)];
    },
    async close() {
      await engine[Symbol.asyncDispose]();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}
