/** `health`: is the server live and ready, and each model; once, or until it is. */
import { expectedNames } from '../environment/model-readiness.js';
import { poll } from '../environment/readiness.js';
import { specOfLabels } from '../environment/spec.js';
import { ExitCode, KServeEnvError } from '../errors.js';
import type { InferenceClient } from '../protocol/client.js';
import { OipError } from '../protocol/status.js';
import { connectClients } from './clients.js';
import type { CommandContext, CommandResult } from './context.js';
import { type ServerAddress, serverAddress, type TargetOptions } from './find-environment.js';

/** Options of `health`. */
export interface HealthOptions extends TargetOptions {
  /** Ask until everything is ready, for at most so many milliseconds. */
  waitMs?: number;
  /** Models to ask about; by default those that the environment loads at its start. */
  models?: string[];
}

/** What the server says of itself and of each model. */
export interface HealthReport {
  endpoint: string;
  live: boolean;
  ready: boolean;
  models: { name: string; ready: boolean; reason?: string }[];
  /** Why live is false, in the words of whoever said so. */
  reason?: string;
}

/** The server, or one of its models, is not ready. */
export class NotReadyError extends KServeEnvError {
  constructor(what: string, details: Record<string, unknown>) {
    super('NOT_READY', ExitCode.notReady, what, {
      hint: 'wait for it with kserve-env health --wait, or look at kserve-env logs',
      retryable: true,
      details,
    });
  }
}

/** @throws NotRunningError, NotReadyInTimeError when waited for in vain */
export async function health(options: HealthOptions, context: CommandContext): Promise<CommandResult<HealthReport>> {
  const address = await serverAddress(options, context);
  await using clients = await connectClients(address);
  const client = clients.preferred;
  const models = options.models?.length ? options.models : modelNames(address);
  let data: HealthReport | undefined;
  if (options.waitMs !== undefined) {
    await poll(
      async ({ signal, timeoutMs }) => {
        data = await askHealth(client, models, { signal, timeoutMs });
        const why = whatIsWrong(data);
        if (why !== undefined) throw new Error(why);
        return true;
      },
      { timeoutMs: options.waitMs, signal: context.signal, goal: `${client.endpoint} was not ready`, intervalMs: 50 },
    );
  }
  data ??= await askHealth(client, models, { signal: context.signal });
  const wrong = whatIsWrong(data);
  return { data, warnings: [], ...(wrong !== undefined && { failure: new NotReadyError(wrong, { ...data }) }) };
}

/** So many models are asked about at the same time: a server that is slow with each is not waited for again and again. */
const atOnce = 16;

/** Asks once; a server that cannot be reached is not live. */
export async function askHealth(
  client: InferenceClient,
  models: string[],
  call: { signal: AbortSignal; timeoutMs?: number },
): Promise<HealthReport> {
  const unanswered = (error: unknown): string => {
    call.signal.throwIfAborted();
    if (error instanceof OipError) return error.message;
    throw error;
  };
  const { endpoint } = client;
  let live = false;
  try {
    live = await client.serverLive(call);
  } catch (error) {
    return { endpoint, live: false, ready: false, models: [], reason: unanswered(error) };
  }
  const isReady = async (ask: Promise<boolean>): Promise<{ ready: boolean; reason?: string }> => {
    try {
      return { ready: await ask };
    } catch (error) {
      return { ready: false, reason: unanswered(error) };
    }
  };
  const { ready } = await isReady(client.serverReady(call));
  const states: HealthReport['models'] = [];
  for (let first = 0; first < models.length; first += atOnce) {
    const some = models.slice(first, first + atOnce);
    const answers = await Promise.all(
      some.map(async (name) => ({ name, ...(await isReady(client.modelReady(name, '', call))) })),
    );
    states.push(...answers);
  }
  return { endpoint, live, ready, models: states };
}

function whatIsWrong({ endpoint, live, ready, models, reason }: HealthReport): string | undefined {
  const because = reason === undefined ? '' : `: ${reason}`;
  if (!live) return `The server at ${endpoint} is not live${because}`;
  const unready = models.filter((model) => !model.ready);
  if (unready.length > 0) {
    return `Not ready: ${unready.map((model) => (model.reason ? `${model.name} (${model.reason})` : model.name)).join(', ')}`;
  }
  return ready ? undefined : `The server at ${endpoint} is live and not ready`;
}

function modelNames({ instance }: ServerAddress): string[] {
  const spec = instance && specOfLabels(instance.labels);
  return spec ? expectedNames(spec.server.models) : [];
}
