/** What a client must see of a fault. Each judge throws CaseFailure where it sees something else. */
import type { GrpcStatus } from '../../../protocol/status.js';
import type { InferResponse, Tensor } from '../../../protocol/tensor.js';
import { CaseFailure, CaseSkipped, expectThat } from '../../case.js';
import { expectRight, type Struck, toldOf } from './struck-call.js';

/** Looks at how a struck call ended. @param good what it gets without the fault */
export type Judge = (struck: Struck, good: InferResponse) => void;

/** What our client says of an answer that contradicts itself. */
const malformed = /malformed/;

/** The call fails with this status, and with this message where one is given. */
export function refusedWith(status: GrpcStatus, message?: string): Judge {
  return (struck) => {
    const { refusal } = struck;
    const right = refusal?.status === status && (message === undefined || refusal.message === message);
    if (!right) throw expected(struck, message === undefined ? status : `${status}: ${message}`);
  };
}

/** The connection fails under the call, before its time is over. */
export const broken: Judge = (struck) => {
  const { refusal } = struck;
  const ended = refusal !== undefined && !['DEADLINE_EXCEEDED', 'INVALID_ARGUMENT'].includes(refusal.status);
  if (!ended) throw expected(struck, 'an error of the transport');
};

/** The call is never answered: its client gives up. */
export const unanswered = refusedWith('DEADLINE_EXCEEDED');

/** The answer is right, and took so many milliseconds or more. */
export function slow(leastMs: number): Judge {
  return (struck, good) => {
    expectRight(struck, good);
    expectThat(
      struck.ms >= leastMs,
      `the call was answered after ${Math.round(struck.ms)} ms; expected ${leastMs} ms or more`,
    );
  };
}

/** The answer is one that a client can read, and this holds of it. */
export function answeredWith(what: string, holds: (answer: InferResponse, good: InferResponse) => boolean): Judge {
  return (struck, good) => {
    if (!struck.answer || !holds(struck.answer, good)) throw expected(struck, what);
  };
}

/** As answeredWith, or the client refuses to read the answer since it contradicts itself. */
export function contradiction(what: string, holds: (answer: InferResponse, good: InferResponse) => boolean): Judge {
  return (struck, good) => {
    const { answer, refusal } = struck;
    const seen = answer ? holds(answer, good) : refusal?.status === 'INTERNAL' && malformed.test(refusal.message);
    if (!seen) throw expected(struck, what);
  };
}

/** Every number is off by this; anything else is not what it should be. */
export function offBy(offset: number): Judge {
  return answeredWith(`elements that are off by ${offset}`, ({ outputs }, good) =>
    outputs.every(({ data }, index) => {
      const right = good.outputs[index]?.data ?? [];
      return Array.from({ length: data.length }, (_, at) => [data[at], right[at]]).every(([is, was]) =>
        typeof is === 'number' || typeof is === 'bigint' ? Number(is) - Number(was) === offset : is !== was,
      );
    }),
  );
}

/** Every floating-point number is NaN. @throws CaseSkipped where the model answers with none */
export const allNaN: Judge = (struck, good) => {
  const isFloat = ({ data }: Tensor) => data instanceof Float64Array || data instanceof Float32Array;
  if (!good.outputs.some(isFloat)) throw new CaseSkipped('the model has no floating-point output');
  answeredWith('NaN', ({ outputs }) =>
    outputs.filter(isFloat).every(({ data }) => Array.from(data as Float64Array).every(Number.isNaN)),
  )(struck, good);
};

function expected(struck: Struck, what: string): CaseFailure {
  return new CaseFailure(`the call ${toldOf(struck)}; expected ${what}`);
}
