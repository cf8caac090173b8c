/** The server whose faults a command is about: an environment, or one that only its control socket is known of. */
import { askControl } from '../engine/ask-control.js';
import { EngineCannotError } from '../engine/engine.js';
import { controlOf, type FaultControl, faultControl } from '../environment/fault-control.js';
import type { Observed } from '../environment/observe.js';
import { hasExpired } from '../environment/spec.js';
import type { CommandContext, CommonOptions } from './context.js';
import { describeStates, lookUp, NotRunningError } from './find-environment.js';

/** Says whose faults. */
export interface FaultTargetOptions extends CommonOptions {
  /** Path of a server's control socket, in place of an environment; `serve` tells its own. */
  control?: string;
}

/** Dispose it: it holds connections. */
export interface FaultTarget extends AsyncDisposable {
  /** Of the environment; absent where there is only a socket. */
  name?: string;
  /** What to call it. */
  title: string;
  control: FaultControl;
  /** Absent where there is only a socket. It is as it was found: ask the engine for more. */
  environment?: Observed;
}

/** Where several engines have one of that name, the first of these that is there is meant. */
const order = ['running', 'paused', 'exited'];

/** @throws NotRunningError where there is none that runs, or could again */
export async function openFaultTarget(options: FaultTargetOptions, context: CommandContext): Promise<FaultTarget> {
  const { control } = options;
  if (control !== undefined) {
    return {
      title: `the server at ${control}`,
      control: faultControl((line, signal) => askControl(control, line, signal)),
      async [Symbol.asyncDispose]() {},
    };
  }
  const lookup = await lookUp(options, context);
  try {
    const { name, found, tried, flags } = lookup;
    const environment = order.flatMap((state) => found.filter(({ instance }) => instance.state === state))[0];
    if (environment === undefined || hasExpired(environment.instance.labels, Date.now()))
      throw new NotRunningError(name, describeStates(found.map(({ instance }) => instance)), tried, flags);
    return {
      name,
      title: name,
      control: controlOf(environment.engine, environment.instance),
      environment,
      [Symbol.asyncDispose]: () => lookup[Symbol.asyncDispose](),
    };
  } catch (error) {
    await lookup[Symbol.asyncDispose]();
    throw error;
  }
}

/** @throws EngineCannotError where there is no engine */
export function requiredEnvironment({ environment }: FaultTarget, what: string): Observed {
  if (environment !== undefined) return environment;
  throw new EngineCannotError(`${what} is done by the engine that runs a server, and --control has none`, {
    hint: 'without --control it is done to the environment; crash and refuse are faults of the server itself',
  });
}
