/** `status`: what runs, where, since when, how it is, and whether it still matches the config. */
import type { LoadedConfig } from '../config/load.js';
import type { Engine, EngineInfo, Instance, InstanceState, ResourceUsage } from '../engine/engine.js';
import { type Access, type ClientAccess, clientAccess } from '../environment/access.js';
import { expectedNames } from '../environment/model-readiness.js';
import type { Observed } from '../environment/observe.js';
import {
  differences,
  type EnvironmentSpec,
  endpointAddresses,
  expiresAtOfLabels,
  setOutsideOfLabels,
  specOfLabels,
} from '../environment/spec.js';
import { KServeEnvError } from '../errors.js';
import type { ModelConfig } from '../models/kinds.js';
import type { RepositoryEntry } from '../protocol/client.js';
import type { ConnectionSettings } from '../protocol/connection.js';
import type { HttpSenderOptions } from '../protocol/http-exchange.js';
import { createRestClient } from '../protocol/rest-client.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import type { FaultRow } from './fault-rows.js';
import { lookUp, NotRunningError } from './find-environment.js';
import { askHealth, type HealthReport, NotReadyError } from './health.js';
import { servedFiles } from './served-files.js';
import { usageOfServer } from './server-usage.js';
import { specOfConfig } from './spec-of-config.js';
import { faultsNow } from './status-faults.js';

/** Options of `status`. */
export interface StatusOptions extends CommonOptions {
  /** Exit 3 when it does not run, 4 when it is not ready; else 0 whenever the state is known. */
  exitCode?: boolean;
}

/** All that is known of an environment; what cannot be told is absent. */
export interface StatusReport {
  name: string;
  state: InstanceState | 'absent';
  /** It runs, and is cut off from its network. */
  disconnected?: true;
  engine?: EngineInfo;
  id?: string;
  image?: string;
  createdAt?: string;
  startedAt?: string;
  endpoints?: { grpc: string; http: string };
  /** Files that let clients in; absent where everybody may come in plain text. */
  access?: ClientAccess;
  /** When it ends by itself, ISO 8601. */
  expiresAt?: string;
  health?: HealthReport;
  /** Of a running server, where the system tells. */
  usage?: ResourceUsage & { memoryLimitBytes?: number };
  /** As declared; `reason` says why a model is not ready. */
  models: { name: string; versions: string[]; kind: string; ready?: boolean; reason?: string }[];
  /** Those in force, of the server and of the engine; absent where there is no environment. */
  faults?: FaultRow[];
  /** What differs between the config and what runs; undefined when it cannot be told. */
  drift?: string[];
  tried: { endpoint: string; outcome: string }[];
}

/** Describes the environment, the running one where several engines have one of that name. */
export async function status(options: StatusOptions, context: CommandContext): Promise<CommandResult<StatusReport>> {
  await using lookup = await lookUp(options, context, 'whatever there is');
  const { name, tried, found } = lookup;
  const [first] = [...found].sort(
    (a, b) => Number(b.instance.state === 'running') - Number(a.instance.state === 'running'),
  );
  const warnings =
    found.length > 1 ? [`${name} exists in ${found.length} engines; kserve-env down removes it from all`] : [];
  if (first === undefined) {
    const failure = options.exitCode ? new NotRunningError(name, '', tried, options.flags) : undefined;
    return { data: { name, state: 'absent', models: [], tried }, warnings, ...(failure && { failure }) };
  }
  const { data, warning } = await describe(name, first, options, context);
  if (warning !== undefined) warnings.push(warning);
  const failure = options.exitCode ? failureOf(data, specOfLabels(first.instance.labels)) : undefined;
  return { data: { ...data, tried }, warnings, ...(failure && { failure }) };
}

async function describe(
  name: string,
  { engine, instance }: Observed,
  options: StatusOptions,
  context: CommandContext,
): Promise<{ data: Omit<StatusReport, 'tried'>; warning: string | undefined }> {
  const spec = specOfLabels(instance.labels);
  const access = spec?.access;
  const endpoints =
    instance.state === 'running' && instance.endpoints ? endpointAddresses(instance.endpoints, access) : undefined;
  const { reach, gone } = await wayIn(name, access, context);
  const address = endpoints && reach && { baseUrl: endpoints.http, ...reach };
  const [info, usage, current, drift, { faults, warning }] = await Promise.all([
    engine.info(context.signal),
    usageOf(engine, instance, address, context.signal),
    address ? currentHealth(address, spec, context) : undefined,
    spec ? driftFrom(spec, setOutsideOfLabels(instance.labels), options, context) : undefined,
    faultsNow(engine, instance, context.signal),
  ]);
  // A local process is bounded only in its JavaScript heap.
  const memoryLimitBytes = spec && engine.images ? spec.resources.memoryMiB * 1024 * 1024 : undefined;
  const { id, state, imageId: image, createdAt, startedAt } = instance;
  const expiresAt = expiresAtOfLabels(instance.labels);
  const data: Omit<StatusReport, 'tried'> = {
    name,
    state,
    ...(instance.disconnected && { disconnected: true }),
    engine: info,
    id,
    ...(image !== undefined && { image }),
    ...(createdAt !== undefined && { createdAt }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endpoints && { endpoints }),
    ...(access && { access: clientAccess(access) }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(current && { health: current.health }),
    ...(usage && { usage: { ...usage, ...(memoryLimitBytes !== undefined && { memoryLimitBytes }) } }),
    models: (spec?.server.models ?? []).map((model) => ({
      name: model.name,
      versions: model.versions,
      kind: model.kind,
      ...(current && readinessOf(model, current)),
    })),
    faults,
    ...(drift && { drift }),
  };
  return { data, warning: gone ?? warning };
}

/** What lets us in; `gone` says why nothing does. */
async function wayIn(
  name: string,
  access: Access | undefined,
  context: CommandContext,
): Promise<{ reach?: ConnectionSettings; gone?: string }> {
  if (access === undefined) return { reach: {} };
  const { reachOf } = await import('./environment-access.js');
  try {
    return { reach: await reachOf(name, access, context) };
  } catch (error) {
    if (!(error instanceof KServeEnvError)) throw error;
    return { gone: error.hint === undefined ? error.message : `${error.message}; ${error.hint}` };
  }
}

/** As the server tells, which is quick; a daemon may sample only once a second. */
async function usageOf(
  engine: Engine,
  instance: Instance,
  address: HttpSenderOptions | undefined,
  signal: AbortSignal,
): Promise<ResourceUsage | undefined> {
  const told = address && (await usageOfServer(address, signal));
  return told ?? (await engine.usage(instance, signal));
}

/** What the server says of itself now. */
interface Current {
  health: HealthReport;
  /** Empty where the server does not answer. */
  index: RepositoryEntry[];
}

async function currentHealth(
  address: HttpSenderOptions,
  spec: EnvironmentSpec | undefined,
  { signal }: CommandContext,
): Promise<Current> {
  await using client = createRestClient(address);
  const names = [...new Set(spec?.server.models.map(({ name }) => name))];
  const call = { signal, timeoutMs: 3_000 };
  const health = await askHealth(client, names, call);
  const index = health.live ? await client.repositoryIndex(call).catch(() => []) : [];
  signal.throwIfAborted();
  return { health, index };
}

/** Whether all versions of a declared model are ready; by its name alone where the server has no index. */
function readinessOf(
  { name, versions }: Pick<ModelConfig, 'name' | 'versions'>,
  { health, index }: Current,
): { ready?: boolean; reason?: string } {
  const entries = index.filter((entry) => entry.name === name && versions.includes(entry.version));
  if (entries.length === 0) {
    const answer = health.models.find((candidate) => candidate.name === name);
    return answer ? { ready: answer.ready } : {};
  }
  const unready = entries.find(({ state }) => state !== 'READY');
  return unready ? { ready: false, reason: unready.reason || unready.state } : { ready: true };
}

/** A config that cannot be read is no drift, and no reason to say nothing about what runs. */
async function driftFrom(
  actual: EnvironmentSpec,
  given: string[],
  options: StatusOptions,
  context: CommandContext,
): Promise<string[] | undefined> {
  const { cwd, env } = context;
  // Only where there is something to compare with.
  const { loadConfig } = await import('../config/load.js');
  try {
    const loaded = await loadConfig({ cwd, env, flags: options.flags ?? {} });
    const { config, setOutside } = loaded;
    // Whether a container may read them is no question of drift.
    const files = await servedFiles(loaded, { kind: 'process', endpoint: '' }, context);
    // What a flag said at the time is no drift of the file. The image is compared by `up`, which may have to make it.
    const once = given.filter((path) => !setOutside.includes(path));
    const access = once.includes('tls') ? actual.access : await accessInConfig(loaded, actual.access, context);
    return differences(specOfConfig(config, files, actual.image, access), actual, once);
  } catch (error) {
    if (error instanceof KServeEnvError) return undefined;
    throw error;
  }
}

async function accessInConfig(
  loaded: LoadedConfig,
  actual: Access | undefined,
  context: CommandContext,
): Promise<Access | undefined> {
  const { tls, auth } = loaded.config;
  if (tls.mode === 'off' && auth === undefined) return undefined;
  const { accessNow } = await import('./environment-access.js');
  return await accessNow(loaded, actual, context);
}

function failureOf(
  { name, state, health }: Omit<StatusReport, 'tried'>,
  spec: EnvironmentSpec | undefined,
): KServeEnvError | undefined {
  if (state !== 'running') return new NotRunningError(name, `: it is ${state}`, []);
  const expected = expectedNames(spec?.server.models ?? []);
  const ready = health?.ready === true && health.models.every((model) => model.ready || !expected.includes(model.name));
  return ready ? undefined : new NotReadyError(`${name} is running and not ready`, { ...health });
}
