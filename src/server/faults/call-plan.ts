/** What the faults that strike one call come to, in their order: a pure function. */
import { parseDuration } from '../../duration.js';
import type { Fault } from '../../faults/fault.js';
import { type OipError, oipErrorFromHttp, oipErrorOfStatus } from '../../protocol/status.js';
import { delayMs } from './call-delay.js';
import type { Strike } from './fault-site.js';

/** Faults that a call ends by, or never does. */
export type EndingKind =
  | 'status'
  | 'hang'
  | 'stream-reset'
  | 'reset'
  | 'goaway'
  | 'half-open'
  | 'crash'
  | 'memory-kill';

/** Faults of what an inference answers. */
export type WrongKind =
  | 'wrong-value'
  | 'nan'
  | 'wrong-shape'
  | 'wrong-datatype'
  | 'missing-output'
  | 'extra-output'
  | 'wrong-form'
  | 'truncated';

/** How the bytes of an answer come out. */
export interface Delivery {
  /** The answer is no message. */
  invalid: boolean;
  /** Bytes that are added to it. */
  added: number;
  /** Bytes a second. */
  rate: number | undefined;
  /** Bytes of the message after which the connection breaks. */
  cutAfter: number | undefined;
}

export interface CallPlan {
  /** Milliseconds that the call waits first. */
  delayMs: number;
  /** What happens once it has waited, instead of its being served. */
  ending: Strike<EndingKind> | undefined;
  /** Those that take the process with them, and let the call go on when it is back. */
  freezes: Fault<'freeze'>[];
  /** The models are not ready. */
  notReady: boolean;
  /** In their order. */
  wrong: Fault<WrongKind>[];
  /** Undefined where the bytes come as ever. */
  delivery: Delivery | undefined;
  /** The connection takes no more calls after this one. */
  lastOfConnection: boolean;
}

/** The plan of a call. What comes after a fault that ends it has no effect, but on how its answer comes out. */
export function planOf(strikes: readonly Strike[], transport: 'grpc' | 'rest'): CallPlan {
  const plan: CallPlan = {
    delayMs: 0,
    ending: undefined,
    freezes: [],
    notReady: false,
    wrong: [],
    delivery: undefined,
    lastOfConnection: false,
  };
  for (const strike of strikes) take(plan, strike, transport);
  return plan;
}

function take(plan: CallPlan, strike: Strike, transport: 'grpc' | 'rest'): void {
  const { fault } = strike;
  switch (fault.kind) {
    case 'slow-bytes':
      deliver(plan, ({ rate = fault.rate }) => ({ rate: Math.min(rate, fault.rate) }));
      return;
    case 'partial-answer':
      deliver(plan, ({ cutAfter = fault.bytes }) => ({ cutAfter: Math.min(cutAfter, fault.bytes) }));
      return;
    case 'invalid-message':
      deliver(plan, () => ({ invalid: true }));
      return;
    case 'oversize':
      deliver(plan, ({ added }) => ({ added: added + fault.bytes }));
      return;
  }
  if (plan.ending) return;
  switch (fault.kind) {
    case 'delay':
      plan.delayMs += delayMs(strike as Strike<'delay'>);
      return;
    case 'freeze':
      // As long as the process: the timer of a process that does nothing goes off when it does something again.
      plan.freezes.push(fault);
      plan.delayMs += parseDuration(fault.time) ?? 0;
      return;
    case 'not-ready':
      plan.notReady = true;
      return;
    case 'goaway':
      // HTTP/1.1 has no code to give, and HTTP/2 lets the calls of a connection end where nothing is wrong with it.
      if (fault.code === 0 || transport === 'rest') plan.lastOfConnection = true;
      else plan.ending = strike as Strike<'goaway'>;
      return;
    case 'status':
    case 'hang':
    case 'stream-reset':
    case 'reset':
    case 'half-open':
    case 'crash':
    case 'memory-kill':
      plan.ending = strike as Strike<EndingKind>;
      return;
    case 'wrong-value':
    case 'nan':
    case 'wrong-shape':
    case 'wrong-datatype':
    case 'missing-output':
    case 'extra-output':
    case 'wrong-form':
    case 'truncated':
      plan.wrong.push(fault);
  }
}

const asEver: Delivery = { invalid: false, added: 0, rate: undefined, cutAfter: undefined };

function deliver(plan: CallPlan, change: (delivery: Delivery) => Partial<Delivery>): void {
  const delivery = plan.delivery ?? asEver;
  plan.delivery = { ...delivery, ...change(delivery) };
}

/** The error of a fault, with its status on both transports. */
export function statusError({ status, message }: Fault<'status'>): OipError {
  if (typeof status === 'number') return oipErrorFromHttp(status, message);
  // A name that no error has is refused where faults are read.
  return oipErrorOfStatus(status, message) ?? oipErrorFromHttp(500, message);
}
