/** A server of ours that is made wrong in one way, and what the cases find of it. */
import type { CaseResult, Verdict } from '../../../src/checks/case.js';
import { OipError, oipError } from '../../../src/protocol/status.js';
import type { InferRequest, InferResponse } from '../../../src/protocol/tensor.js';
import type { Behaviour } from '../../fakes/mutant-behaviour.js';
import { startMutant } from '../../fakes/mutant-server.js';
import { allModels, type CheckOptions, check, type Served } from './served.js';

/** The results of some cases against a server that behaves otherwise than the one that stands behind it. */
export async function checkWrong(
  server: Served,
  behaviour: Behaviour,
  options: CheckOptions = {},
): Promise<CaseResult[]> {
  await using mutant = await startMutant(server, { name: 'wrong', what: '', suites: [], behave: () => behaviour });
  return await check(mutant, options);
}

/** `failed` → ids and messages, for those that ended so. */
export function told(results: readonly CaseResult[], status: Verdict): string[] {
  return results.filter((result) => result.status === status).map(({ id, message }) => `${id}: ${message}`);
}

/** As if the server were somebody else's. */
export const foreign: Pick<CheckOptions, 'profile'> = { profile: (server) => ({ ...server, ours: false }) };

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
