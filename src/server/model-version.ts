/** One version of a model, and its life: UNAVAILABLE, LOADING, READY, UNLOADING, and again. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseDuration } from '../duration.js';
import { createModel, type ModelConfig } from '../models/kinds.js';
import type { Model } from '../models/model.js';
import { oipError, quoteName } from '../protocol/status.js';
import type { Parameters } from '../protocol/tensor.js';
import { createRunningCalls, type RunningCalls } from './running-calls.js';
import { type Logger, silentLogger } from './telemetry/logger.js';
import { createModelStatistics, type ModelStatistics } from './telemetry/model-statistics.js';

/**
 * States of a version, with Triton's names.
 * Source: https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md
 */
export type ModelState = 'LOADING' | 'READY' | 'UNLOADING' | 'UNAVAILABLE';

/** A model that can be asked, and the inferences that it runs. */
export interface LoadedModel {
  readonly model: Model;
  readonly running: RunningCalls;
}

/** Points of a load: the model is made, or failed to be; it is in its place and can answer, but is not READY yet. */
export type LoadPhase = 'made' | 'answering';

/**
 * Called at each point of a load, where several processes load one model as one: settles when all of them are there.
 * Throws the error of one whose load failed.
 */
export type AgreeOnLoad = (version: ModelVersion, phase: LoadPhase, error?: unknown) => Promise<void>;

/** One version of a model. */
export interface ModelVersion {
  readonly config: ModelConfig;
  readonly name: string;
  readonly version: string;
  readonly state: ModelState;
  /** Why it is UNAVAILABLE, as Triton says it; else empty. */
  readonly reason: string;
  /** Whether it should be READY, and will be where nothing fails. */
  readonly wanted: boolean;
  /** Present while READY. */
  readonly loaded: LoadedModel | undefined;
  /** Parameters for requests that do not carry them; undefined where there are none. */
  readonly parameters: Parameters | undefined;
  /** Milliseconds that every inference waits; 0 where none is declared. */
  readonly latencyMs: number;
  readonly statistics: ModelStatistics;
  /** Loads it, anew where it is loaded: the old one answers until the new one can. Throws MODEL_LOAD_FAILED. */
  load(agree?: AgreeOnLoad): Promise<void>;
  /** Takes no more inferences, and settles when the last one has ended. */
  unload(): Promise<void>;
  /** Shows another state than it has, and serves as if it had that one; with nothing given its own again. */
  pretend(pretended?: PretendedState): void;
}

/** A state that an injected fault puts over the one that a version has. */
export interface PretendedState {
  state: Exclude<ModelState, 'READY'>;
  reason: string;
  wanted: boolean;
  /** Why loads are answered as failed meanwhile. In truth they end as they would, and that shows when the fault is over. */
  failsLoads?: string;
}

/** Throws or rejects where the load fails. */
export type MakeModel = (config: ModelConfig, version: string) => Model | Promise<Model>;

export interface ModelVersionOptions {
  config: ModelConfig;
  version: string;
  /** Called after every change of state. */
  onChange: () => void;
  /** Ends the delay of a load. */
  signal: AbortSignal;
  /** createModel unless given. */
  makeModel?: MakeModel;
  /** Silent unless given. */
  log?: Logger;
}

const makeDeclared: MakeModel = (config, version) => createModel(config, { version });

const duration = (text: string | undefined): number => (text === undefined ? 0 : (parseDuration(text) ?? 0));

/** A version in the state that `initial` declares, but LOADING where that is `loaded`: `load` has to be called. */
export function createModelVersion(options: ModelVersionOptions): ModelVersion {
  const { config, version, onChange, signal, makeModel = makeDeclared, log = silentLogger } = options;
  const subject = `${quoteName(config.name)} version ${quoteName(version)}`;
  let state: ModelState = config.initial === 'loaded' ? 'LOADING' : 'UNAVAILABLE';
  let reason = '';
  if (config.initial === 'unloaded') reason = 'unloaded';
  if (config.initial === 'failed') reason = `failed to load ${subject}: it is declared with initial: failed`;
  let wanted = config.initial !== 'unloaded';
  let loaded: LoadedModel | undefined;
  let pretended: PretendedState | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const become = (next: ModelState, why = ''): void => {
    if (state === next && reason === why) return;
    state = next;
    reason = why;
    const fields = { model: config.name, version, state, ...(why !== '' && { reason: why }) };
    // The reason is the client's, too; but whoever reads the log should not have to be one.
    if (why !== '' && why !== 'unloaded') log.warn('model failed to load', fields);
    else log.debug('model changed state', fields);
    onChange();
  };

  const make = async (): Promise<Model> => {
    const delayMs = duration(config.loadDelay);
    if (delayMs > 0) await delay(delayMs, undefined, { signal });
    return await makeModel(config, version);
  };

  const load = async (agree?: AgreeOnLoad): Promise<void> => {
    wanted = true;
    if (!loaded) become('LOADING');
    try {
      const model = agree ? await makeAlike(make, (error) => agree(self, 'made', error)) : await make();
      const old = loaded;
      loaded = { model, running: createRunningCalls() };
      // Whoever is told READY may ask any of the processes.
      await agree?.(self, 'answering');
      become('READY');
      if (old) void retire(old);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!loaded) become('UNAVAILABLE', `failed to load ${subject}: ${why}`);
      throw oipError('MODEL_LOAD_FAILED', `Model ${subject} failed to load: ${why}`, { cause: error });
    }
    // Only in what is answered: when the fault is over, all is as it would have been without.
    const why = pretended?.failsLoads;
    if (why !== undefined) throw oipError('MODEL_LOAD_FAILED', `Model ${subject} failed to load: ${why}`);
  };

  const unload = async (): Promise<void> => {
    wanted = false;
    const old = loaded;
    loaded = undefined;
    if (old) {
      become('UNLOADING');
      await retire(old);
    }
    become('UNAVAILABLE', 'unloaded');
  };

  /** One operation at a time, in the order in which they were asked for. */
  const inTurn = (operation: () => Promise<void>): Promise<void> => {
    const result = last.then(operation);
    last = result.catch(() => {});
    return result;
  };

  const self: ModelVersion = {
    config,
    name: config.name,
    version,
    parameters: Object.keys(config.parameters).length > 0 ? config.parameters : undefined,
    latencyMs: duration(config.latency),
    statistics: createModelStatistics(),
    get state() {
      return pretended?.state ?? state;
    },
    get reason() {
      return pretended?.reason ?? reason;
    },
    get wanted() {
      return pretended?.wanted ?? wanted;
    },
    get loaded() {
      return pretended ? undefined : loaded;
    },
    pretend(next) {
      if (next === pretended || JSON.stringify(next) === JSON.stringify(pretended)) return;
      pretended = next;
      onChange();
    },
    load: (agree) => inTurn(() => load(agree)),
    unload: () => inTurn(unload),
  };
  return self;
}

/** The model, once every process has made its own. Throws where one could not. */
async function makeAlike(make: () => Promise<Model>, agree: (error?: unknown) => Promise<void>): Promise<Model> {
  let model: Model;
  try {
    model = await make();
  } catch (error) {
    await agree(error);
    throw error;
  }
  try {
    await agree();
  } catch (error) {
    await Promise.resolve(model.close?.()).catch(() => {});
    throw error;
  }
  return model;
}

/** Closes a model that takes no more inferences, when the last has ended. What it throws then concerns nobody. */
async function retire({ model, running }: LoadedModel): Promise<void> {
  await running.idle();
  await Promise.resolve(model.close?.()).catch(() => {});
}
