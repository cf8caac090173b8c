/** Calls that faults strike: how they wait, how they end, and how their answers come out. */
import type { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import type { Metadata } from '@grpc/grpc-js';
import { countFailed, modelNamesOfCall } from '../faults/call-facts.js';
import type { CallLife } from '../faults/call-life.js';
import { type CallPlan, type EndingKind, planOf, statusError } from '../faults/call-plan.js';
import type { Strike } from '../faults/fault-site.js';
import { createHalfOpenConnections } from '../faults/half-open.js';
import { resetSocket } from '../faults/socket-faults.js';
import { statusOfReset, waitAsPlanned } from '../faults/struck-call.js';
import type { ServerParts } from '../transport.js';
import { noteOutcome, socketOf, streamOf } from './call-streams.js';
import { shapeNextMessage } from './struck-messages.js';

/** A call of grpc-js, of any sort. */
export interface GrpcCall extends EventEmitter {
  readonly cancelled: boolean;
  readonly metadata: Metadata;
}

/** What faults choose a call by. */
export interface CalledRpc {
  rpc: string;
  /** The model's name, empty where the call names none. */
  model: string;
  /** Of the model; only inferences say it. */
  version?: string;
  isInference?: boolean;
}

export interface CallOutcome {
  /** Serves the call; without a plan where no fault strikes it. */
  serve(plan: CallPlan | undefined): void;
  /** Answers with an error. */
  fail(error: unknown): void;
  /** Lets go of the request of a call that is never answered. */
  drop?(): void;
}

export interface StruckCalls {
  /** False where no call can be struck: `run` is not to be asked then. */
  readonly active: boolean;
  /** Does what the faults that strike a call say, and serves the call where they let it go on. */
  run(call: GrpcCall, called: CalledRpc, outcome: CallOutcome): void;
}

export function createStruckCalls(parts: ServerParts): StruckCalls {
  const { faults, repository, control } = parts;
  const halfOpen = createHalfOpenConnections(faults);

  const end = ({ fault, id }: Strike<EndingKind>, stream: ServerHttp2Stream): void => {
    const { session } = stream;
    const socket = socketOf(stream);
    switch (fault.kind) {
      case 'stream-reset':
        noteOutcome(stream, statusOfReset(fault.code));
        stream.close(fault.code);
        return;
      case 'reset':
        noteOutcome(stream, 'UNAVAILABLE');
        if (socket) resetSocket(socket);
        return;
      case 'goaway':
        noteOutcome(stream, 'UNAVAILABLE');
        session?.goaway(fault.code, stream.id);
        // When the frame has been written.
        setImmediate(() => session?.destroy(undefined, fault.code));
        return;
      case 'half-open':
        if (socket) halfOpen.add(socket, id);
        return;
      case 'crash':
      case 'memory-kill':
        control.faults.happen(fault);
    }
  };

  const act = async (call: GrpcCall, called: CalledRpc, strikes: Strike[], outcome: CallOutcome): Promise<void> => {
    const begun = performance.now();
    const stream = streamOf(call);
    const plan = planOf(strikes, 'grpc');
    const life = lifeOf(call);
    if (!(await waitAsPlanned(plan, life, called.isInference ?? false, parts))) return;
    if (plan.lastOfConnection) stream.session?.close();
    const { ending } = plan;
    const fault = ending?.fault;
    if (ending && fault?.kind !== 'status') {
      outcome.drop?.();
      end(ending, stream);
      return;
    }
    if (plan.delivery) shapeNextMessage(stream, plan.delivery, life);
    if (fault?.kind !== 'status') return outcome.serve(plan);
    if (called.isInference) countFailed(repository, called.model, called.version ?? '', performance.now() - begun);
    outcome.fail(statusError(fault));
  };

  return {
    get active() {
      return faults.active;
    },
    run(call, called, outcome) {
      const take = (strikes: Strike[]): void => {
        if (strikes.length === 0) outcome.serve(undefined);
        else act(call, called, strikes, outcome).catch(outcome.fail);
      };
      try {
        const strikes = faults.strikesOf({
          transport: 'grpc',
          rpc: called.rpc,
          models: modelNamesOfCall(repository, called.model),
          header: (name) => call.metadata.get(name)[0]?.toString(),
        });
        if (strikes instanceof Promise) strikes.then(take, outcome.fail);
        else take(strikes);
      } catch (error) {
        outcome.fail(error);
      }
    },
  };
}

/** grpc-js says `cancelled` of every call that has ended, its deadline and its connection among the reasons. */
function lifeOf(call: GrpcCall): CallLife {
  return {
    get ended() {
      return call.cancelled;
    },
    onEnd(listener) {
      call.once('cancelled', listener);
      return () => call.off('cancelled', listener);
    },
  };
}
