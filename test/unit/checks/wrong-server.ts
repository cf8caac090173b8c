/** A server of ours that is made wrong in one way, and what the cases find of it. */
import type { CaseResult, Verdict } from '../../../src/checks/case.js';
import type { ServerProfile } from '../../../src/checks/profile.js';
import { OipError, oipError } from '../../../src/protocol/status.js';
import type { InferRequest, InferResponse } from '../../../src/protocol/tensor.js';
import type { Behaviour, MutantControl } from '../../fakes/mutant-behaviour.js';
import { startMutant } from '../../fakes/mutant-server.js';
import { allModels, type CheckOptions, check, type Served } from './served.js';

/** What makes a server wrong, with a hand on it. */
export type Behave = (control: MutantControl) => Behaviour;

/** A wrong server, the cases that must find it, and what each says. */
export interface Wrong {
  what: string;
  behave: Behave;
  found: [id: string, says: RegExp][];
}

/** A row for each case that must find a wrong server. */
export const findings = (wrongs: readonly Wrong[]) =>
  wrongs.flatMap(({ what, behave, found }) => found.map(([id, says]) => ({ what, behave, id, says })));

/** The results of some cases against a server that behaves otherwise than the one that stands behind it. */
export async function checkWrong(
  server: Served,
  behaviour: Behaviour | Behave,
  options: CheckOptions = {},
): Promise<CaseResult[]> {
  const behave = typeof behaviour === 'function' ? behaviour : () => behaviour;
  await using mutant = await startMutant(server, { name: 'wrong', what: '', suites: [], behave });
  return await check(mutant, options);
}

/** `failed` → ids and messages, for those that ended so. */
export function told(results: readonly CaseResult[], status: Verdict): string[] {
  return stories(results.filter((result) => result.status === status));
}

/** Ids and messages. */
export const stories = (results: readonly CaseResult[]): string[] =>
  results.map(({ id, message }) => `${id}: ${message}`);

/** As if the server were somebody else's. */
export const foreign: Pick<CheckOptions, 'profile'> = { profile: (server) => ({ ...server, ours: false }) };

/** The server as somebody else's, of whose models nobody knows more than they say. */
export const asStranger = (server: ServerProfile): ServerProfile => ({
  ...server,
  name: 'somebody',
  ours: false,
  models: server.models.map(({ mathematics, config, ...model }) => model),
});

/** Models enough for most of what may be wrong: one input, two of them with two outputs, and any datatype. */
export const few = allModels.filter(({ name }) => ['simple_scaler', 'simple', 'identity'].includes(name));

/** Changes every answer in place, or returns another. */
export const answers = (change: (answer: InferResponse, request: InferRequest | undefined) => unknown): Behaviour => ({
  infer({ answer, request }) {
    if (answer instanceof OipError) return undefined;
    const changed = change(answer, request);
    return changed instanceof OipError ? changed : answer;
  },
});

/** Changes every request in place. */
export const asks = (change: (request: InferRequest) => unknown): Behaviour => ({
  ask(request) {
    change(request);
    return request;
  },
});

/** What a server refuses a request with. */
export const invalid = () => oipError('INVALID_ARGUMENT', 'no');
