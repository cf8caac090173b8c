/** Faults that a call asks for by its header, and what its client must see. */
import type { FaultKind } from '../../../faults/kinds.js';
import type { Transport } from '../../case.js';
import type { Route } from '../../profile.js';
import {
  allNaN,
  answeredWith,
  broken,
  contradiction,
  type Judge,
  offBy,
  refusedWith,
  slow,
  unanswered,
} from './judges.js';
import { hasValuesOf } from './struck-call.js';

/** One fault. */
export interface HeaderRow {
  kind: FaultKind;
  /** What the header says. */
  text: string;
  /** What the client sees, as the end of a title: `the call is …`. */
  seen: string | Readonly<Record<Transport, string>>;
  judge: Judge | Readonly<Record<Transport, Judge>>;
  /** Form of the data, where it has to be another than typed. */
  form?: Partial<Record<Transport, Route['form']>>;
  /** Milliseconds that the call is given, where it has to be less than any other. */
  timeoutMs?: number;
  /** It is about the answer's bytes, which have to be so many or more. */
  leastBytes?: number;
}

/** Milliseconds that a call is given which is not answered. */
const patienceMs = 500;
const delayMs = 300;
/** Slow enough that an answer of some 80 bytes is late, and fast enough to wait for. */
const bytesPerSecond = 200;
const message = 'come back later: "soon"';

export const headerRows: readonly HeaderRow[] = [
  {
    kind: 'not-ready',
    text: 'not-ready',
    seen: 'refused with UNAVAILABLE',
    judge: refusedWith('UNAVAILABLE'),
  },
  {
    kind: 'delay',
    text: `delay=${delayMs}ms`,
    seen: 'answered late',
    // A timer may be early by less than a millisecond.
    judge: slow(delayMs - 2),
  },
  {
    kind: 'status',
    text: `status=RESOURCE_EXHAUSTED message=${JSON.stringify(message)}`,
    seen: 'refused with the status and the message that it asks for',
    judge: refusedWith('RESOURCE_EXHAUSTED', message),
  },
  {
    kind: 'hang',
    text: 'hang',
    seen: 'not answered',
    judge: unanswered,
    timeoutMs: patienceMs,
  },
  {
    kind: 'wrong-value',
    text: 'wrong-value=3',
    seen: 'answered with values that are off by 3',
    judge: offBy(3),
  },
  {
    kind: 'nan',
    text: 'nan',
    seen: 'answered with NaN',
    judge: allNaN,
    // JSON has no word for it.
    form: { rest: 'raw' },
  },
  {
    kind: 'wrong-shape',
    text: 'wrong-shape',
    seen: 'answered with a shape that the data do not have',
    judge: contradiction(
      'a shape that the data do not have',
      ({ outputs }, good) => String(outputs[0]?.shape) !== String(good.outputs[0]?.shape),
    ),
  },
  {
    kind: 'wrong-datatype',
    text: 'wrong-datatype',
    seen: 'answered with a datatype that the model does not have',
    judge: contradiction('another datatype', ({ outputs }, good) => outputs[0]?.datatype !== good.outputs[0]?.datatype),
  },
  {
    kind: 'missing-output',
    text: 'missing-output',
    seen: 'answered with an output too few',
    judge: answeredWith('an output too few', ({ outputs }, good) => outputs.length === good.outputs.length - 1),
  },
  {
    kind: 'extra-output',
    text: 'extra-output',
    seen: 'answered with an output too many',
    judge: answeredWith('an output too many', ({ outputs }, good) => outputs.length === good.outputs.length + 1),
  },
  {
    kind: 'wrong-form',
    text: 'wrong-form',
    seen: 'answered with the right data in raw form',
    judge: answeredWith(
      'the right data in raw form',
      (answer, good) => answer.form === 'raw' && hasValuesOf(answer, good),
    ),
  },
  {
    kind: 'truncated',
    text: 'truncated',
    seen: 'answered with data that end too early',
    judge: contradiction(
      'data that end too early',
      ({ outputs }, good) => (outputs.at(-1)?.data.length ?? 0) < (good.outputs.at(-1)?.data.length ?? 0),
    ),
  },
  {
    kind: 'invalid-message',
    text: 'invalid-message',
    seen: 'answered with what no client can read',
    judge: refusedWith('INTERNAL'),
  },
  {
    kind: 'oversize',
    text: 'oversize=5000000',
    seen: 'answered with 5 MB more',
    judge: () => {},
    leastBytes: 5_000_000,
  },
  {
    kind: 'slow-bytes',
    text: `slow-bytes=${bytesPerSecond}`,
    seen: 'answered at so many bytes a second',
    // An answer has 30 bytes at least.
    judge: slow((30 / bytesPerSecond) * 1_000),
  },
  {
    kind: 'partial-answer',
    text: 'partial-answer=10',
    seen: 'broken off',
    judge: broken,
  },
  {
    kind: 'stream-reset',
    text: 'stream-reset',
    seen: 'reset',
    judge: broken,
  },
  {
    kind: 'reset',
    text: 'reset',
    seen: 'ended by the reset of its connection',
    judge: broken,
  },
  {
    kind: 'goaway',
    // With NO_ERROR, code 0, the call is answered, and a client of gRPC does not notice.
    text: 'goaway=11',
    seen: { grpc: 'ended by GOAWAY', rest: 'answered, and its connection ends' },
    judge: { grpc: broken, rest: slow(0) },
  },
  {
    kind: 'half-open',
    text: 'half-open',
    seen: 'not answered, and nothing after it on its connection',
    judge: unanswered,
    timeoutMs: patienceMs,
  },
];
