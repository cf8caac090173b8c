/** The primary's part in what concerns all workers: operations in one order, loads that end alike, and counts. */
import type { WorkerCounts } from '../control.js';
import type { Logger } from '../telemetry/logger.js';
import { late, within } from '../within.js';
import { type Channel, ChannelClosedError } from './channel.js';
import { createGates } from './gates.js';
import {
  type Agreement,
  fromWireError,
  type Order,
  type PrimaryMethods,
  replayOperation,
  startOperation,
  type WireError,
  type WorkerMethods,
} from './messages.js';
import { sumCounts } from './sum-counts.js';

/** Milliseconds that a worker has to tell its counts. */
const countsTimeoutMs = 2_000;

/** A worker, as the coordinator sees it. */
export interface Peer {
  readonly number: number;
  ask: Channel<WorkerMethods>['ask'];
  /** Ends a worker whose models cannot be brought into the state that the others have. */
  dismiss(reason: string): void;
}

export interface Coordinator {
  /** Adds a worker of the start. */
  join(peer: Peer): void;
  /** Adds a worker that replaces another, and returns what it has to do before it listens. */
  joinLater(peer: Peer): Order[];
  /** Nobody waits for this worker any more. What it counted stays, as far as it was told. */
  leave(peer: Peer): void;
  /** Operations begin only now, that all workers of the start listen. */
  started(): void;
  /** Settles when the loads of the start have ended, well or not. */
  readonly firstLoads: Promise<void>;
  /** Has every worker do something; settles when all have. */
  operate(order: Order): Promise<void>;
  /** What a worker may ask. */
  methodsFor(peer: Peer): Pick<PrimaryMethods, 'operate' | 'counts' | 'agree' | 'firstLoadsEnded'>;
}

interface Operation {
  /** Who has not ended. */
  peers: Set<Peer>;
  ended: Promise<unknown>;
}

export function createCoordinator({
  log,
  timeoutMs = countsTimeoutMs,
}: {
  log: Logger;
  timeoutMs?: number;
}): Coordinator {
  const peers = new Set<Peer>();
  const gates = createGates<Peer>();
  /** What was done, the last of each kind and name, in order. */
  const history = new Map<string, Order>();
  /** How the last load of each version of a model ended. */
  const outcomes = new Map<string, WireError | undefined>();
  /** Workers of the start whose first loads have not ended. */
  const loading = new Set<Peer>();
  const firstLoads = createSignal();
  const running = new Map<number, Operation>([[startOperation, { peers: loading, ended: firstLoads.given }]]);
  const told = new Map<Peer, WorkerCounts>();
  let countsOfEnded: WorkerCounts | undefined;
  let lastOperation = startOperation;
  const started = createSignal();
  /** What ran when a worker joined: its own loads wait for that, and then end as it did. */
  const before = new Map<Peer, Promise<unknown>>();

  const operate = async (order: Order): Promise<void> => {
    await started.given;
    const key = keyOf(order);
    history.delete(key);
    history.set(key, order);
    const operation = ++lastOperation;
    const participants = new Set(peers);
    const ended = Promise.allSettled([...participants].map((peer) => peer.ask('operate', { operation, order })));
    running.set(operation, { peers: participants, ended });
    const results = await ended;
    running.delete(operation);
    for (const result of results) {
      // A worker that ended in the middle has nothing to say: the one that replaces it is in the new state.
      if (result.status === 'rejected' && !(result.reason instanceof ChannelClosedError)) throw result.reason;
    }
  };

  const agreeAlone = async (peer: Peer, { version, phase, error }: Agreement): Promise<void> => {
    if (phase === 'answering') return;
    await before.get(peer);
    const outcome = outcomes.get(version);
    if (outcome) throw fromWireError(outcome);
    if (!error) return;
    peer.dismiss(`its model ${version} failed to load, as it did not in the other workers: ${error.message}`);
    throw fromWireError(error);
  };

  const agree = async (peer: Peer, agreement: Agreement): Promise<void> => {
    const { operation, version, phase, error } = agreement;
    if (operation === replayOperation) {
      await agreeAlone(peer, agreement);
      return;
    }
    const key = `${operation} ${phase} ${version}`;
    const expected = running.get(operation)?.peers ?? [];
    const opened = gates.arrive(key, peer, expected, error && { error });
    if (phase === 'answering') {
      await opened;
      return;
    }
    const outcome = await opened.then(
      () => undefined,
      (failure: WireError) => failure,
    );
    outcomes.set(version, outcome);
    if (outcome) throw fromWireError(outcome);
  };

  /** Has a worker tell its counts, or goes on without. */
  const refresh = async (peer: Peer): Promise<void> => {
    const asked = peer.ask('counts', null).catch(() => undefined);
    const counts = await within(timeoutMs, asked);
    if (counts === late) {
      log.warn('a worker does not tell its counts; its last ones are used', { worker: peer.number });
    } else if (counts && peers.has(peer)) told.set(peer, counts);
  };

  const counts = async (): Promise<WorkerCounts[]> => {
    await Promise.all([...peers].map(refresh));
    // In one go: a worker that ends now is among the living or among the ended, and not in both.
    const [first, ...others] = [...peers].map((peer) => told.get(peer)).filter((one) => one !== undefined);
    if (!first) return [];
    return [countsOfEnded ? sumCounts(countsOfEnded, first) : first, ...others];
  };

  const loadsEnded = (peer: Peer): void => {
    loading.delete(peer);
    if (loading.size > 0) return;
    running.delete(startOperation);
    firstLoads.give();
  };

  return {
    join(peer) {
      peers.add(peer);
      loading.add(peer);
    },
    joinLater(peer) {
      before.set(peer, Promise.allSettled([...running.values()].map((operation) => operation.ended)));
      peers.add(peer);
      return [...history.values()];
    },
    leave(peer) {
      peers.delete(peer);
      before.delete(peer);
      for (const operation of running.values()) operation.peers.delete(peer);
      loadsEnded(peer);
      gates.leave(peer);
      const last = told.get(peer);
      told.delete(peer);
      if (last) countsOfEnded = sumCounts(countsOfEnded, last);
    },
    started: started.give,
    operate,
    firstLoads: firstLoads.given,
    methodsFor(peer) {
      return {
        operate,
        counts,
        agree: (agreement) => agree(peer, agreement),
        firstLoadsEnded: async () => loadsEnded(peer),
      };
    },
  };
}

function keyOf(order: Order): string {
  return order.kind === 'broadcast' ? `topic ${order.topic}` : `model ${order.model}`;
}

function createSignal(): { given: Promise<void>; give: () => void } {
  let give = (): void => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
}
