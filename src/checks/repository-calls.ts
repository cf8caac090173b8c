/** The calls of the model repository extension, over either transport; and that what was unloaded is loaded again. */

import type { RepositoryEntry } from '../protocol/client.js';
import type { HttpRequest } from '../protocol/http-exchange.js';
import { bytesMethod, clientServiceDefinition } from '../protocol/service-definition.js';
import { OipError, oipErrorFromHttp } from '../protocol/status.js';
import { CaseFailure, CaseSkipped, type Transport } from './case.js';
import { errorLine, factLine } from './exchange.js';
import type { Connections, Probe } from './probe.js';
import { outcomeOf, refusalOf } from './verdict.js';

/** The state of an entry of the index in the word of the specification: MLServer writes `State.READY` over gRPC. */
export const stateOf = ({ state }: RepositoryEntry): string => state.replace(/^.*\./, '');

/** What is asked of a repository. */
type Change = 'load' | 'unload';

/** Where the model's name stands in a gRPC request: KServe has it in field 1, Triton and MLServer in field 2. */
export type NameField = 1 | 2;

interface ChangeOptions {
  /** 2 unless given. */
  field?: NameField;
  /** A parameter with this name, true. */
  parameter?: string;
}

/** Bytes on their way, remembered or not. */
interface Sender {
  grpc(
    method: 'RepositoryModelLoad' | 'RepositoryModelUnload',
    message: Buffer,
    asked: () => string[],
  ): Promise<unknown>;
  http(request: HttpRequest): Promise<{ status: number; body: Buffer }>;
}

const remembered = (probe: Probe): Sender => ({
  grpc: (method, message, asked) => probe.grpcBytes(method, message, { asked }),
  http: (request) => probe.http(request),
});

/** Milliseconds that a model may take to come back: however short the calls of this run are to be. */
const loadTimeoutMs = 60_000;

/** For what must happen whatever became of the run, and must not push aside what a failure is about. */
function quiet({ grpc, rest }: Connections): Sender {
  const none = () => Promise.reject(new CaseFailure('no such endpoint'));
  return {
    grpc: (method, message) =>
      grpc?.channel.unary(bytesMethod(method), message, { timeoutMs: loadTimeoutMs }) ?? none(),
    http: (request) => rest?.sender.send(request, { timeoutMs: loadTimeoutMs }) ?? none(),
  };
}

/**
 * Loads or unloads a model.
 * @throws OipError where the server refuses
 */
export function changeModel(
  probe: Probe,
  transport: Transport,
  change: Change,
  name: string,
  options?: ChangeOptions,
): Promise<void> {
  return send(remembered(probe), transport, change, name, options);
}

async function send(
  sender: Sender,
  transport: Transport,
  change: Change,
  name: string,
  { field = 2, parameter }: ChangeOptions = {},
): Promise<void> {
  if (transport === 'rest') {
    const body = Buffer.from(JSON.stringify(parameter === undefined ? {} : { parameters: { [parameter]: true } }));
    const headers = { 'content-type': 'application/json' };
    const path = `/v2/repository/models/${encodeURIComponent(name)}/${change}`;
    const answer = await sender.http({ method: 'POST', path, headers, body });
    if (answer.status >= 300) throw oipErrorFromHttp(answer.status, answer.body.toString('utf8'));
    return;
  }
  const method = change === 'load' ? 'RepositoryModelLoad' : 'RepositoryModelUnload';
  const names = { repository_name: field === 1 ? name : '', model_name: field === 2 ? name : '' };
  const parameters = parameter === undefined ? {} : { [parameter]: { bool_param: true } };
  const message = clientServiceDefinition()[method].requestSerialize({ ...names, parameters });
  await sender.grpc(method, message, () => [factLine({ ...names, parameters })]);
}

/**
 * Runs something while a model is unloaded, and loads it again whatever happens.
 * @throws CaseFailure where it does not come back, CaseSkipped where the server may not be changed
 */
export async function whileUnloaded<T>(
  probe: Probe,
  { transport, model, ...options }: { transport: Transport; model: string } & ChangeOptions,
  run: () => Promise<T>,
): Promise<T> {
  await assertMayChange(probe, transport, model);
  let outcome: { value: T } | { error: unknown };
  try {
    await changeModel(probe, transport, 'unload', model, options);
    outcome = { value: await run() };
  } catch (error) {
    outcome = { error };
  }
  // A model that is lost matters more than whatever was wrong before.
  await restore(probe, transport, model);
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

/** @throws CaseSkipped where nobody allowed it, or where the server would not be as it was */
async function assertMayChange(probe: Probe, transport: Transport, model: string): Promise<void> {
  const { server } = probe;
  if (!server.mayUnload) throw new CaseSkipped(`it unloads ${model} for a moment; --unload allows that`);
  const { answer: entries = [], refusal: index } = await outcomeOf(probe.client(transport).repositoryIndex());
  const others = entries.filter((entry) => entry.name === model && stateOf(entry) === 'UNAVAILABLE');
  if (others.length > 0) {
    const versions = others.map(({ version }) => version).join(', ');
    throw new CaseSkipped(`version ${versions} of ${model} is not loaded, and would be afterwards`);
  }
  if (server.ours) return;
  if (index) throw new CaseSkipped(`there is no index to tell whether ${model} comes back: ${errorLine(index)}`);
  const load = await refusalOf(changeModel(probe, transport, 'load', model));
  if (load) throw new CaseSkipped(`it does not load ${model}, which would be lost: ${errorLine(load)}`);
}

/** @throws CaseFailure where the model is not ready again */
async function restore(probe: Probe, transport: Transport, model: string): Promise<void> {
  await using own = probe.connect();
  const ways = [transport, ...probe.server.transports.filter((other) => other !== transport)];
  const refusals: string[] = [];
  for (const way of ways) {
    try {
      await send(quiet(own), way, 'load', model);
    } catch (error) {
      refusals.push(`over ${way}, load ${errorLine(error)}`);
      continue;
    }
    if (await becomesReady(own, way, model)) {
      if (refusals.length === 0) return;
      throw new CaseFailure(`${model} was loaded again in another way only: ${refusals.join('; ')}`);
    }
    refusals.push(`over ${way}, load was answered and the model is not ready`);
  }
  throw new CaseFailure(`${model} could not be loaded again, and is lost: ${refusals.join('; ')}`);
}

/** Load is answered when the model is ready; others may need a moment longer. */
async function becomesReady(own: Connections, transport: Transport, model: string): Promise<boolean> {
  const client = own[transport]?.client;
  for (let attempt = 0; attempt < 20; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    try {
      if (await client?.modelReady(model, '', { timeoutMs: loadTimeoutMs })) return true;
    } catch (error) {
      if (!(error instanceof OipError)) throw error;
    }
  }
  return false;
}
