/** `health`: is the server live and ready, and each model; once, or until it is. */
import { expectedNames } from '../environment/model-readiness.js';
import { poll } from '../environment/readiness.js';
import { specOfLabels } from '../environment/spec.js';
import { ExitCode, KServeEnvError } from '../errors.js';
import type { InferenceClient } from '../protocol/client.js';
import { OipError } from '../protocol/status.js';
import { connectClients } from './clients.js';
import type { CommandContext, CommandResult } from './context.js';
import { TlsTrouble } from './endpoint-trouble.js';
import { type ServerAddress, serverAddress, type TargetOptions } from './find-environment.js';
import { refusalHint, ServerRefusedError } from './server-refusal.js';

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
  /** Of `health`: what was said over each transport. All else is true only where it is so over each. */
  transports?: TransportHealth[];
}

/** What the server says over one transport. */
export interface TransportHealth extends Omit<HealthReport, 'transports'> {
  transport: 'grpc' | 'rest';
}

/** The server, or one of its models, is not ready. */
export class NotReadyError extends KServeEnvError {
  constructor(
    what: string,
    details: Record<string, unknown>,
    hint = 'wait for it with kserve-env health --wait, or look at kserve-env logs',
  ) {
    super('NOT_READY', ExitCode.notReady, what, { hint, retryable: true, details });
  }
}

/**
 * Asks over each transport by which the server is reached.
 * @throws NotRunningError, NotReadyInTimeError when waited for in vain, UsageError for an address that is none
 */
export async function health(options: HealthOptions, context: CommandContext): Promise<CommandResult<HealthReport>> {
  const address = await serverAddress(options, context);
  await using clients = await connectClients(address);
  const all = Object.values(clients.byTransport);
  const models = options.models?.length ? options.models : modelNames(address);
  let answers: Answer[] = [];
  const ask = async (call: { signal: AbortSignal; timeoutMs?: number }): Promise<string | undefined> => {
    answers = await Promise.all(all.map((client) => askOver(client, models, call)));
    return whatIsWrong(answers);
  };
  let wrong: string | undefined;
  if (options.waitMs === undefined) wrong = await ask({ signal: context.signal });
  else {
    const places = all.map(({ endpoint }) => endpoint).join(' and ');
    await poll(
      async (call) => {
        wrong = await ask(call);
        // What is wrong about TLS does not come right by waiting.
        if (wrong === undefined || answers.some(({ error }) => error instanceof TlsTrouble)) return true;
        throw new Error(wrong);
      },
      {
        timeoutMs: options.waitMs,
        signal: context.signal,
        goal: `${places} ${all.length === 1 ? 'was' : 'were'} not ready`,
        intervalMs: 50,
      },
    );
  }
  const data = together(answers);
  const warnings = address.warnings ?? [];
  return { data, warnings, ...(wrong !== undefined && { failure: failureOf(wrong, answers, data, address) }) };
}

/** One transport's answer, and the error that it was instead. */
interface Answer {
  health: TransportHealth;
  error: OipError | undefined;
}

async function askOver(
  client: InferenceClient,
  models: string[],
  call: { signal: AbortSignal; timeoutMs?: number },
): Promise<Answer> {
  let error: OipError | undefined;
  const remember = (first: OipError): void => {
    error ??= first;
  };
  const said = await askHealth(client, models, call, remember);
  return { health: { transport: client.transport, ...said }, error };
}

function failureOf(wrong: string, answers: Answer[], data: HealthReport, { instance }: ServerAddress): KServeEnvError {
  for (const { health, error } of answers) {
    if (error instanceof TlsTrouble) return new ServerRefusedError(error, health.endpoint);
  }
  const refused = answers.find(({ error }) => error?.status === 'UNAUTHENTICATED')?.error;
  const hint = refused ? refusalHint(refused) : instance ? undefined : 'wait for it with kserve-env health --wait';
  return new NotReadyError(wrong, { ...data }, hint);
}

/** True where it is so over each transport. */
function together(answers: Answer[]): HealthReport {
  const transports = answers.map(({ health }) => health);
  const reason = transports.find((one) => one.reason !== undefined)?.reason;
  const [first] = transports;
  const names = [...new Set(transports.flatMap(({ models }) => models.map(({ name }) => name)))];
  const models = names.map((name) => {
    const states = transports.flatMap((one) => one.models.filter((model) => model.name === name));
    return states.find(({ ready }) => !ready) ?? { name, ready: true };
  });
  return {
    endpoint: first?.endpoint ?? '',
    live: transports.every(({ live }) => live),
    ready: transports.every(({ ready }) => ready),
    models,
    ...(reason !== undefined && { reason }),
    transports,
  };
}

/** So many models are asked about at the same time: a server that is slow with each is not waited for again and again. */
const atOnce = 16;

/** Asks once; a server that cannot be reached is not live. */
export async function askHealth(
  client: InferenceClient,
  models: string[],
  call: { signal: AbortSignal; timeoutMs?: number },
  onError: (error: OipError) => void = () => {},
): Promise<Omit<HealthReport, 'transports'>> {
  const unanswered = (error: unknown): string => {
    call.signal.throwIfAborted();
    if (!(error instanceof OipError)) throw error;
    onError(error);
    return error.message;
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

function whatIsWrong(answers: Answer[]): string | undefined {
  const wrong = answers.map(({ health }) => whatIsWrongOver(health)).filter((one) => one !== undefined);
  // The same model is not ready over both.
  return wrong.length === 0 ? undefined : [...new Set(wrong)].join('; ');
}

function whatIsWrongOver({ endpoint, live, ready, models, reason }: TransportHealth): string | undefined {
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
