/** Every check in the order in which they are told, and how each gets its facts. */
import { availableParallelism, totalmem } from 'node:os';
import { EngineUnreachableError } from '../../engine/engine.js';
import { stateDirCandidates } from '../../engine/process/state-dir.js';
import { KServeEnvError } from '../../errors.js';
import { cacheDir } from '../../home.js';
import { decideImageSource } from '../../image/source.js';
import { oldestNode } from '../package-info.js';
import { servedFiles } from '../served-files.js';
import { judgeApi, judgeClock, judgeEngine, judgeLimits, judgeSecurity } from './engine.js';
import { judgeConfig, judgeImageSource, judgeModelFiles, judgePort, lookAtPort, lookAtRuntime } from './environment.js';
import { type Finding, failedWith, skipped } from './finding.js';
import { judgeLeftOvers, lookForLeftOvers } from './left-overs.js';
import { judgeLoopback, judgeNode, judgeProxies, tryLoopback } from './machine.js';
import { lookAtRegistry } from './registry.js';
import { freeBytesOf, judgeCpus, judgeDirectories, judgeImageDisk, judgeMemory, lookAtDirectory } from './room.js';
import { type DaemonMachine, type Scene, thisMachine } from './scene.js';

/** One check: what it is about, and how it finds out. */
export interface CheckDefinition {
  id: string;
  title: string;
  look(scene: Scene): Promise<Finding>;
}

const mebibyte = 1024 * 1024;

/** All of them. Those that would fail for the same reason are skipped, and the one that is about it says so. */
export const checks: readonly CheckDefinition[] = [
  { id: 'node', title: 'Node', look: async () => judgeNode(process.versions.node, oldestNode()) },
  { id: 'config', title: 'Config', look: async ({ loaded }) => judgeConfig(await loaded) },
  { id: 'models', title: 'Model files', look: lookAtModels },
  { id: 'engine', title: 'Engine', look: async ({ search }) => judgeEngine(await search) },
  { id: 'engine-api', title: 'Engine API', look: (scene) => ofHost(scene, ({ host }) => judgeApi(host)) },
  { id: 'engine-clock', title: 'Clock', look: (scene) => ofHost(scene, ({ skewMs }) => judgeClock(skewMs)) },
  { id: 'limits', title: 'Limits', look: (scene) => ofHost(scene, ({ host }) => judgeLimits(host)) },
  { id: 'security', title: 'Security', look: (scene) => ofHost(scene, ({ host }) => judgeSecurity(host)) },
  { id: 'image', title: 'Image', look: lookAtImage },
  { id: 'registry', title: 'Registry', look: lookAtRegistryOf },
  { id: 'image-disk', title: 'Room for images', look: lookAtImageDisk },
  { id: 'memory', title: 'Memory', look: lookAtMemory },
  { id: 'cpus', title: 'CPUs', look: lookAtCpus },
  { id: 'state-directory', title: 'State directory', look: lookAtStateDirectory },
  { id: 'cache-directory', title: 'Cache directory', look: lookAtCacheDirectory },
  { id: 'port-grpc', title: 'gRPC port', look: (scene) => lookAtPortOf(scene, 'grpc') },
  { id: 'port-http', title: 'REST port', look: (scene) => lookAtPortOf(scene, 'http') },
  {
    id: 'loopback',
    title: 'Loopback',
    look: async ({ context }) => judgeLoopback(await tryLoopback(context.signal)),
  },
  { id: 'proxies', title: 'Proxies', look: async ({ context }) => judgeProxies(context.env) },
  { id: 'left-overs', title: 'Left-overs', look: async (scene) => judgeLeftOvers(await lookForLeftOvers(scene)) },
];

/** What another check tells already. */
class ToldElsewhere extends Error {}

/** Waits for what the check builds on; where that failed, the check is skipped. */
async function given<T>(promise: Promise<T>, without: string): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof KServeEnvError) throw new ToldElsewhere(without);
    throw error;
  }
}

/** Runs one check; a failure that has a name is a finding. */
export async function lookWith(check: CheckDefinition, scene: Scene): Promise<Finding> {
  try {
    return await check.look(scene);
  } catch (error) {
    if (error instanceof ToldElsewhere) return skipped(error.message);
    return failedWith(error);
  }
}

const configOf = ({ loaded }: Scene) => given(loaded, 'the config cannot be used');
const searchOf = ({ search }: Scene) => given(search, 'the engine does not answer');

/** A check of the daemon's machine. */
async function ofHost(scene: Scene, judge: (machine: DaemonMachine) => Finding): Promise<Finding> {
  await searchOf(scene);
  const machine = await scene.machine;
  return machine === undefined ? skipped('local processes need none of it') : judge(machine);
}

async function lookAtModels(scene: Scene): Promise<Finding> {
  const loaded = await configOf(scene);
  const { found } = await searchOf(scene);
  const { files } = await servedFiles(loaded, found?.info ?? thisMachine, scene.context);
  return judgeModelFiles(files.map(({ source }) => source));
}

async function lookAtImage(scene: Scene): Promise<Finding> {
  const { config } = await configOf(scene);
  const { found, preference } = await searchOf(scene);
  const engine = found?.info ?? thisMachine;
  const decision = judgeImageSource({ engine, wish: config.image, machine: process, preference });
  if (decision.details?.source !== 'host-runtime') return decision;
  const runtime = await lookAtRuntime();
  return runtime.status === 'passed' ? { ...decision, found: `${decision.found}: ${runtime.found}` } : runtime;
}

async function lookAtRegistryOf(scene: Scene): Promise<Finding> {
  const wish = (await configOf(scene)).config.image;
  const { found } = await searchOf(scene);
  if (found === undefined) return skipped('local processes need none of it');
  const { kind } = await given(
    // Within a promise, so that what it throws is told by the check of the image.
    Promise.resolve().then(() => decideImageSource(found.info, wish, process)),
    'no image can be had',
  );
  return await lookAtRegistry({ found, kind, wish }, scene);
}

/** Only where the daemon is on this very machine, and not in a virtual one beside it. */
async function lookAtImageDisk(scene: Scene): Promise<Finding> {
  const { found } = await searchOf(scene);
  const host = (await scene.machine)?.host;
  if (found === undefined || host === undefined) return skipped('local processes need none of it');
  const isHere = /^unix:/.test(found.info.endpoint) && host.name === thisMachine.endpoint;
  const directory = isHere ? host.storageDir : undefined;
  const { kind } = found.info;
  return judgeImageDisk({ kind, directory, ...(directory !== undefined && (await freeBytesOf(directory))) });
}

async function lookAtMemory(scene: Scene): Promise<Finding> {
  const { resources } = (await configOf(scene)).config;
  const { found } = await searchOf(scene);
  const wantedMiB = resources.memoryMiB;
  if (found === undefined) {
    const totalBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
    return judgeMemory({ totalBytes, availableBytes: process.availableMemory(), wantedMiB });
  }
  const totalBytes = (await scene.machine)?.host.memoryBytes;
  return totalBytes === undefined ? skipped('the daemon does not tell') : judgeMemory({ totalBytes, wantedMiB });
}

async function lookAtCpus(scene: Scene): Promise<Finding> {
  const { resources } = (await configOf(scene)).config;
  const { found } = await searchOf(scene);
  const { kind } = found?.info ?? thisMachine;
  const there = found === undefined ? availableParallelism() : (await scene.machine)?.host.cpus;
  return there === undefined ? skipped('the daemon does not tell') : judgeCpus({ kind, there, wanted: resources.cpus });
}

async function lookAtStateDirectory({ engines }: Scene): Promise<Finding> {
  const candidates = await Promise.all(stateDirCandidates(engines).map((path) => lookAtDirectory(path, engines.uid)));
  const needs = { variable: 'KSERVE_ENV_STATE_DIR', neededBytes: mebibyte, comfortableBytes: 64 * mebibyte };
  return judgeDirectories(candidates, { what: 'state', ...needs });
}

async function lookAtCacheDirectory({ engines }: Scene): Promise<Finding> {
  const path = cacheDir(engines.env, engines.homeDir);
  const candidates = path === undefined ? [] : [await lookAtDirectory(path, undefined)];
  const needs = { variable: 'KSERVE_ENV_CACHE_DIR', neededBytes: mebibyte, comfortableBytes: 2 * mebibyte };
  return judgeDirectories(candidates, { what: 'cache', ...needs });
}

async function lookAtPortOf(scene: Scene, transport: 'grpc' | 'http'): Promise<Finding> {
  const { config, name } = await configOf(scene);
  // A port is free or not, whatever becomes of the engine.
  const found = await scene.search.then(
    (search) => search.found?.engine,
    (error: unknown) => {
      if (error instanceof EngineUnreachableError) return undefined;
      throw new ToldElsewhere('the engine does not answer');
    },
  );
  const engines = [found, await scene.processes].filter((engine) => engine !== undefined);
  return judgePort(await lookAtPort(config.ports[transport], name, engines, scene.context.signal));
}
