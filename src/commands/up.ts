/** `up`: from a config to a ready, checked environment. */
import { type LoadedConfig, loadConfig } from '../config/load.js';
import { engineContext } from '../engine/detect.js';
import type { EngineInfo, Instance } from '../engine/engine.js';
import { openStateDir } from '../engine/process/state-dir.js';
import { requireNetwork } from '../engine/refusals.js';
import type { Access, ClientAccess } from '../environment/access.js';
import { applyPlan } from '../environment/apply.js';
import { type HeldLock, withEnvironmentLock } from '../environment/lock.js';
import { expectedModels } from '../environment/model-readiness.js';
import {
  type BudgetedPhase,
  type BudgetReport,
  budgetedPhases,
  budgetReport,
  createPhaseRecorder,
  OverBudgetError,
  type PhaseRecorder,
} from '../environment/phases.js';
import { phasesToCome } from '../environment/phases-to-come.js';
import { type Operation, type Plan, planUp } from '../environment/plan.js';
import { endpointAddresses, expiresAtOfLabels, instanceSpec } from '../environment/spec.js';
import type { ChosenEngine } from './choose-engine.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import { accessFor, reachOf, shownAccess, withAccess } from './environment-access.js';
import { lockOf } from './environment-lock.js';
import { type FaultRow, serverRow } from './fault-rows.js';
import { preflight } from './preflight.js';
import { recordSetUp } from './record-set-up.js';
import { servedFiles } from './served-files.js';
import { enginePhase, imagePhase } from './set-up-phases.js';
import { type SmokeReport, smokeFailure } from './smoke.js';
import { smokePhase } from './smoke-phase.js';
import { specOfConfig } from './spec-of-config.js';
import { startEndInTime } from './start-end-in-time.js';
import { foreseeSweep, openSweeper, type Swept } from './sweeping.js';

/** How to set up. */
export interface UpOptions extends CommonOptions {
  /** Run the smoke checks as the last phase. */
  smoke?: boolean;
  /** Say what would be done, and do nothing. */
  dryRun?: boolean;
  /** Leave a failed environment for a closer look. */
  keepOnFailure?: boolean;
}

interface UpCommon {
  name: string;
  engine: EngineInfo & { reason: string };
  outcome: Plan['outcome'];
  /** What differs between the config and what ran before, a line a value. */
  changes: string[];
}

/** What a dry run found that it would do. */
export interface UpPlanReport extends UpCommon {
  dryRun: true;
  operations: (Operation | { kind: 'image' | 'sweep'; reason: string })[];
}

/** The environment that is up now, and how it came to be. */
export interface UpReport extends UpCommon {
  image: { source: string; id: string; digest?: string; cached: boolean };
  endpoints: { grpc: string; http: string };
  /** Files that let clients in; absent where everybody may come in plain text. */
  access?: ClientAccess;
  /** When it ends by itself, ISO 8601; absent where it does not. */
  expiresAt?: string;
  models: string[];
  /** Those in force: it is up, and not as it would be without them. */
  faults?: FaultRow[];
  phases: BudgetedPhase[];
  budget: BudgetReport;
  smoke?: SmokeReport;
  /** What earlier commands had left, and was removed. */
  swept: Swept[];
}

/**
 * @throws ConfigError, EngineUnreachableError, ImageError, PortTakenError, ServerExitedError, NotReadyInTimeError;
 * whatever was made by then has been removed, unless it was to be kept
 */
export async function up(options: UpOptions, context: CommandContext): Promise<CommandResult<UpReport | UpPlanReport>> {
  const { cwd, env, signal, progress } = context;
  const phases = createPhaseRecorder(progress, () => performance.now());
  const loaded = await loadConfig({ cwd, env, flags: options.flags ?? {} });
  const { config, name } = loaded;
  const engines = engineContext(env);
  if (!options.dryRun)
    progress.phasesExpected?.(phasesToCome(undefined, options.smoke === true, config.faults.length > 0));
  const chosen = await enginePhase(phases, config, engines, signal);
  try {
    requireNetwork(chosen.info.kind, config.network);
    const setUp: SetUp = { loaded, chosen, phases, options, context };
    const stateDir = openStateDir(engines);
    if (options.dryRun) return { data: await planOnly(setUp, stateDir), warnings: [] };
    const lock = lockOf(name, stateDir, context);
    const record = { stateDir, name, engine: chosen.info.kind, budgetMs: config.budget, phases };
    return await recordSetUp(record, () =>
      withEnvironmentLock(lock, (held) => setUpEnvironment(setUp, held, stateDir)),
    );
  } finally {
    await chosen.engine[Symbol.asyncDispose]();
  }
}

/** What every step of one `up` works with. */
interface SetUp {
  loaded: LoadedConfig;
  chosen: ChosenEngine;
  phases: PhaseRecorder;
  options: UpOptions;
  context: CommandContext;
}

async function planOnly({ loaded, chosen, context }: SetUp, stateDir: string): Promise<UpPlanReport> {
  const { engine, info, reason, image } = chosen;
  const observed = await engine.inspect(loaded.name, context.signal);
  const files = await servedFiles(loaded, info, context);
  const access = await accessFor({ loaded, engine, info, observed, context });
  const plan = planUp(
    specOfConfig(loaded.config, files, await image.identify(engine.images, context.signal), access),
    observed,
    Date.now(),
  );
  const sweeps = (await foreseeSweep(stateDir, [engine], loaded.name, context.signal)).map(({ name, reason }) => ({
    kind: 'sweep' as const,
    reason: `${name}: ${reason}`,
  }));
  return {
    name: loaded.name,
    engine: { ...info, reason },
    dryRun: true,
    ...plan,
    operations: [...sweeps, { kind: 'image', reason: image.reason }, ...plan.operations],
  };
}

async function setUpEnvironment(setUp: SetUp, lock: HeldLock, stateDir: string): Promise<CommandResult<UpReport>> {
  const { chosen, loaded, context } = setUp;
  const note = (text: string) => context.progress.note(text);
  const sweeping = { stateDir, engines: [chosen.engine], except: [loaded.name], note };
  await using sweeper = openSweeper(sweeping, context);
  const { observed, files } = await setUp.phases.run('preflight', async () => {
    await sweeper.own(lock);
    return await preflight(setUp);
  });
  // Beside the set-up, which it has nothing to do with.
  const others = sweeper.others();
  others.catch(() => {});
  try {
    const wish = { loaded, engine: chosen.engine, info: chosen.info, observed, context };
    const result = await withAccess(wish, stateDir, (access) => applySetUp(setUp, lock, { observed, files, access }));
    await others.catch((error: unknown) => {
      // The environment is up by now: a Ctrl-C that comes so late cuts off the sweep, and takes nothing back.
      if (!context.signal.aborted) throw error;
    });
    return { ...result, data: { ...result.data, swept: sweeper.swept } };
  } finally {
    await others.catch(() => {});
  }
}

type Preflight = Awaited<ReturnType<typeof preflight>>['value'];

async function applySetUp(
  setUp: SetUp,
  lock: HeldLock,
  { observed, files, access }: Preflight & { access: Access | undefined },
): Promise<CommandResult<Omit<UpReport, 'swept'>>> {
  const { loaded, chosen, phases, options, context } = setUp;
  const { engine, info, reason } = chosen;
  const { config, name } = loaded;
  const { imageId, cached, identity, warnings } = await imagePhase(phases, chosen, context);
  const spec = specOfConfig(config, files, identity, access);
  const plan = planUp(spec, observed, Date.now());
  context.progress.phasesExpected?.(phasesToCome(plan, options.smoke === true, config.faults.length > 0));
  const models = [...new Set(config.models.map((model) => model.name))];
  const reach = await reachOf(name, access, context);
  let faults: FaultRow[] = [];
  const instance = await applyPlan(plan, {
    engine,
    lock,
    spec: instanceSpec(name, spec, {
      ...(imageId !== undefined && { imageId }),
      ...(loaded.exists && { configFile: loaded.path }),
      setOutside: loaded.setOutside,
      madeBy: lock.nonce,
    }),
    models: expectedModels(config.models),
    observed,
    phases,
    progress: context.progress,
    timeoutMs: config.timeout,
    keepOnFailure: options.keepOnFailure === true,
    signal: context.signal,
    reach,
    faulty: config.faults.length > 0,
    onFaults(inForce) {
      faults = inForce.map(serverRow);
    },
    onCreated({ id }) {
      if (spec.ttl === undefined) return;
      const task = { stateDir: lock.stateDir, name, id, engine: engine.kind, restMs: spec.ttl };
      startEndInTime(task, info.endpoint, context.env);
    },
  });
  const endpoints = addressesOf(instance, access);
  const address = { ...endpoints, ...reach };
  const smoke = options.smoke
    ? await smokePhase({ engine, phases, context, lock, instance, address, made: plan.outcome !== 'unchanged', spec })
    : undefined;
  // From here on it is no longer half made, and stays whatever becomes of this command.
  await lock.intend(undefined);
  const expiresAt = expiresAtOfLabels(instance.labels);
  const budget = budgetReport(phases.elapsed(), config.budget, phases.records);
  const data: Omit<UpReport, 'swept'> = {
    name,
    engine: { ...info, reason },
    outcome: plan.outcome,
    changes: plan.changes,
    image: { ...identity, cached },
    endpoints,
    ...shownAccess(access),
    ...(expiresAt !== undefined && { expiresAt }),
    models,
    ...(faults.length > 0 && { faults }),
    phases: budgetedPhases(phases.records, config.budget),
    budget,
    ...(smoke && { smoke }),
  };
  const failure = (smoke && smokeFailure(smoke)) ?? (budget.over ? new OverBudgetError(budget) : undefined);
  return { data, warnings, ...(failure && { failure }) };
}

function addressesOf({ endpoints }: Instance, access: Access | undefined): { grpc: string; http: string } {
  if (endpoints === undefined) throw new Error('A running instance has endpoints');
  return endpointAddresses(endpoints, access);
}
