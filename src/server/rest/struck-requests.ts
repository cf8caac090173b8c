/** Requests that faults strike: how they wait, how they end, and how their answers come out. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerLengthHeader } from '../../protocol/rest-messages.js';
import type { GrpcStatus } from '../../protocol/status.js';
import { asOipError } from '../as-oip-error.js';
import { countFailed, modelNamesOfCall } from '../faults/call-facts.js';
import { type CallLife, ended } from '../faults/call-life.js';
import { type CallPlan, type Delivery, type EndingKind, planOf, statusError } from '../faults/call-plan.js';
import type { Strike } from '../faults/fault-site.js';
import { createHalfOpenConnections } from '../faults/half-open.js';
import { resetSocket } from '../faults/socket-faults.js';
import { filled, firstOf, writePieces } from '../faults/struck-bytes.js';
import { waitAsPlanned } from '../faults/struck-call.js';
import type { ServerParts } from '../transport.js';
import { type Answer, errorAnswer, sendHead } from './answer.js';
import type { RouteCall } from './route-call.js';
import type { RouteName } from './routes.js';

/** What comes of a request: an answer, and how it goes out; or none, and what its client sees instead. */
export type StruckOutcome =
  | { answer: Answer; plan: CallPlan | undefined }
  | { answer: undefined; plan: CallPlan; seenAs: GrpcStatus };

export interface StruckRequest {
  request: IncomingMessage;
  response: ServerResponse;
  rpc: RouteName;
  call: RouteCall;
}

export interface StruckRequests {
  /**
   * Does what the faults that strike a request say, and serves it where they let it go on. Settles when it is known what
   * comes of it. Rejects with INVALID_ARGUMENT, OVERLOADED, and what `serve` throws where no fault strikes.
   */
  run(struck: StruckRequest, serve: (call: RouteCall) => Answer | Promise<Answer>): Promise<StruckOutcome>;
}

export function createStruckRequests(parts: ServerParts): StruckRequests {
  const { faults, repository, control, log } = parts;
  const halfOpen = createHalfOpenConnections(faults);

  /** Ends a request without an answer; settles when it has ended. */
  const end = async ({ fault, id }: Strike<EndingKind>, request: IncomingMessage): Promise<GrpcStatus> => {
    const life = lifeOf(request);
    switch (fault.kind) {
      case 'stream-reset':
        await received(request, life);
        request.socket.destroy();
        return 'UNAVAILABLE';
      case 'reset':
        await received(request, life);
        resetSocket(request.socket);
        return 'UNAVAILABLE';
      case 'half-open':
        halfOpen.add(request.socket, id);
        break;
      case 'crash':
      case 'memory-kill':
        control.faults.happen(fault);
    }
    await ended(life);
    return 'CANCELLED';
  };

  return {
    async run({ request, response, rpc, call }, serve) {
      const begun = performance.now();
      const strikes = await faults.strikesOf({
        transport: 'rest',
        rpc,
        models: modelNamesOfCall(repository, call.model),
        header: (name) => request.headers[name]?.toString(),
      });
      if (strikes.length === 0) return { answer: await serve(call), plan: undefined };
      const plan = planOf(strikes, 'rest');
      const { ending } = plan;
      const fault = ending?.fault;
      const isInference = rpc === 'ModelInfer';
      const waiting = plan.delayMs > 0 && request.method === 'POST' ? withBody(call) : call;
      const life = lifeOf(request);
      if (!(await waitAsPlanned(plan, life, isInference, parts)))
        return { answer: undefined, plan, seenAs: 'CANCELLED' };
      if (ending && fault?.kind !== 'status') {
        // Half open, nothing is to be read any more.
        if (fault?.kind !== 'half-open') {
          if (request.headers.expect !== undefined) response.writeContinue();
          request.resume();
        }
        return { answer: undefined, plan, seenAs: await end(ending, request) };
      }
      if (fault?.kind === 'status') {
        if (isInference) countFailed(repository, call.model, call.version, performance.now() - begun);
        return { answer: errorAnswer(statusError(fault)), plan };
      }
      try {
        return { answer: await serve({ ...asDelivered(waiting, plan), plan }), plan };
      } catch (error) {
        // Errors come out as other answers do.
        return { answer: errorAnswer(asOipError(error, log)), plan };
      }
    },
  };
}

/**
 * Settles when the request is whole, or its connection has ended. A client that is still sending would learn of the end of
 * its connection by that, and some then make an orderly end of it.
 */
async function received(request: IncomingMessage, life: CallLife): Promise<void> {
  if (request.complete) return;
  await Promise.race([new Promise((resolve) => request.once('end', resolve)), ended(life)]);
}

/** A call whose body is read at once, so that no time limit on requests ends it while it waits. */
function withBody(call: RouteCall): RouteCall {
  const body = call.body();
  body.catch(() => {});
  return { ...call, body: () => body };
}

/** What is made of an answer's bytes is made of them as they are: it is not compressed. */
function asDelivered(call: RouteCall, { delivery }: CallPlan): RouteCall {
  if (!delivery) return call;
  const { 'accept-encoding': _, ...headers } = call.headers;
  return { ...call, headers };
}

/** Sends an answer as faults have it come out. */
export async function sendStruck(
  { request, response }: Pick<StruckRequest, 'request' | 'response'>,
  answer: Answer,
  delivery: Delivery,
  close: boolean,
): Promise<void> {
  const { rate, cutAfter } = delivery;
  const { bytes, pieces, ...struck } = shaped(answer, delivery);
  sendHead(response, struck, bytes, close);
  response.flushHeaders();
  const sent = cutAfter === undefined ? pieces : firstOf(pieces, cutAfter);
  const whole = await writePieces(sent, rate, lifeOf(request), (piece, done) => response.write(piece, done));
  if (!whole) return;
  if (cutAfter === undefined) response.end();
  else request.socket.destroySoon();
}

interface ShapedAnswer extends Answer {
  bytes: number;
  pieces: Iterable<Buffer>;
}

function shaped(answer: Answer, { invalid, added }: Delivery): ShapedAnswer {
  const { [headerLengthHeader]: headerLength, ...headers } = answer.headers ?? {};
  const body = invalid ? noJson : answer.body;
  const jsonBytes = invalid ? noJson.byteLength : Number(headerLength ?? body.byteLength);
  const hasBinary = !invalid && headerLength !== undefined;
  return {
    ...answer,
    ...(invalid && { contentType: 'application/json' }),
    headers: hasBinary ? { ...headers, [headerLengthHeader]: String(jsonBytes + added) } : headers,
    bytes: body.byteLength + added,
    pieces: padded(body, jsonBytes, added),
  };
}

const noJson = Buffer.from('{"this is no JSON": ');

/** JSON may end with any number of spaces. */
function* padded(body: Buffer, jsonBytes: number, added: number): Generator<Buffer> {
  yield body.subarray(0, jsonBytes);
  yield* filled(0x20, added);
  yield body.subarray(jsonBytes);
}

/** A request lives as long as its connection. */
function lifeOf({ socket }: IncomingMessage): CallLife {
  // Requests that were sent one after the other, without waiting for answers, all listen to it.
  socket.setMaxListeners(0);
  return {
    get ended() {
      return socket.destroyed;
    },
    onEnd(listener) {
      socket.once('close', listener);
      return () => socket.off('close', listener);
    },
  };
}
