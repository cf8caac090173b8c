/** Keeps a server's faults, in the one process that decides for all of its workers. */
import { parseDuration } from '../../duration.js';
import { type Fault, strikesCalls } from '../../faults/fault.js';
import { faultKinds } from '../../faults/kinds.js';
import { oipError } from '../../protocol/status.js';
import { type Logger, stackOf } from '../telemetry/logger.js';
import { dieOfMemory } from './memory-kill.js';

/** A fault that is in force. */
export interface InstalledFault {
  /** Given out from `1` on, never twice. */
  id: string;
  fault: Fault;
  /** What all random choices of the fault come from: its own seed, or one that was drawn. */
  seed: number;
}

/** A fault in force, as it is shown. */
export interface FaultStatus extends InstalledFault {
  /** ISO 8601. */
  addedAt: string;
  /** Milliseconds until it ends by itself; absent where it stays until it is cleared. */
  remainingMs?: number;
  /** Calls that it has struck. */
  struck: number;
}

/** What every process that answers calls is told, whole, at every change. */
export interface FaultOrders {
  /** In the order in which they were added. */
  faults: InstalledFault[];
  /** Nothing is done before this instant, in milliseconds since the epoch. */
  frozenUntil?: number;
}

/** Topic under which FaultOrders are broadcast. */
export const faultsTopic = 'faults';

export interface FaultKeeper {
  /**
   * Adds faults in order; settles when every process has them. Those that happen once, such as a crash, happen a moment
   * after, and are not kept. Rejects with INVALID_ARGUMENT for a model that the server does not have, and
   * RESOURCE_EXHAUSTED where there are too many in force; none is added then.
   */
  add(faults: readonly Fault[]): Promise<FaultStatus[]>;
  /**
   * Takes faults back, all unless `ids` are given, and settles when every process is as it was; those that are not there
   * are not among what it returns.
   */
  clear(ids?: readonly string[]): Promise<FaultStatus[]>;
  /** In the order in which they were added. */
  list(): FaultStatus[];
  /** The number of a call among those that match a fault, from 1 on. */
  ticket(id: string): number;
  /** Takes note that a call was struck. */
  struck(id: string, call: StruckCall): void;
  /** Has what concerns the process happen, for a call that set it off. */
  happen(fault: Fault<'crash' | 'memory-kill' | 'freeze'>): void;
  /** Nothing ends by itself any more. */
  close(): void;
}

/** What the log says of a call that was struck. */
export interface StruckCall {
  transport: string;
  rpc: string;
  model: string;
}

export interface FaultKeeperOptions {
  /** Names and aliases of the models. */
  models: ReadonlySet<string>;
  log: Logger;
  /** Tells every process that answers calls; settles when all have done it. */
  publish(orders: FaultOrders): Promise<void>;
  /** Ends this process at once. */
  exit?: (code: number) => void;
  /** Takes memory until this process is killed. */
  dieOfMemory?: () => void;
  /** Whether the server has certificates to show that are wrong. */
  hasWrongCertificates: boolean;
}

/** Milliseconds between the answer to who asked for it and the end of the process. */
const farewellMs = 50;
/** Most faults in force: every call is compared with every one. */
const mostFaults = 100;

export function createFaultKeeper(options: FaultKeeperOptions): FaultKeeper {
  const { log } = options;
  const installed = new Map<string, Entry>();
  let lastId = 0;
  let frozenUntil: number | undefined;
  /** What is to happen in a moment. */
  const happening = new Set<NodeJS.Timeout>();
  /** One change at a time. */
  let last: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
  const publish = async (): Promise<void> => {
    const faults = [...installed.values()].map(({ id, fault, seed }) => ({ id, fault, seed }));
    await options.publish({ faults, ...(frozenUntil !== undefined && { frozenUntil }) });
  };
  /** For a change that nobody waits for. */
  const tellInTurn = (): void => {
    inTurn(publish).catch((error: unknown) => log.error('faults could not be changed', { error: stackOf(error) }));
  };
  const statusOf = (entry: Entry): FaultStatus => {
    const { id, fault, seed, addedAt, endsAt, struck } = entry;
    const remaining = endsAt === undefined ? {} : { remainingMs: Math.max(0, Math.round(endsAt - performance.now())) };
    return { id, fault, seed, addedAt, ...remaining, struck };
  };
  const remove = (entry: Entry, why: string): void => {
    installed.delete(entry.id);
    clearTimeout(entry.timer);
    log.announce('fault ended', { fault: entry.id, kind: entry.fault.kind, why, struck: entry.struck });
  };
  const freezeFor = (milliseconds: number): void => {
    frozenUntil = Math.max(frozenUntil ?? 0, Date.now() + milliseconds);
    tellInTurn();
  };
  const happen = (fault: Fault): void => {
    const timer = setTimeout(() => {
      happening.delete(timer);
      log.announce('fault happens', { kind: fault.kind });
      if (fault.kind === 'freeze') freezeFor(parseDuration(fault.time) ?? 0);
      else if (fault.kind === 'memory-kill') (options.dieOfMemory ?? (() => dieOfMemory(log)))();
      else if (fault.kind === 'crash') (options.exit ?? ((code) => process.exit(code)))(fault.exitCode);
    }, farewellMs);
    happening.add(timer);
  };
  const install = (fault: Fault): FaultStatus => {
    const id = String(++lastId);
    const seed = fault.seed ?? Math.floor(Math.random() * 2 ** 32);
    const forMs = fault.for === undefined ? undefined : (parseDuration(fault.for) ?? 0);
    const entry: Entry = {
      id,
      fault,
      seed,
      addedAt: new Date().toISOString(),
      matched: 0,
      struck: 0,
    };
    log.announce('fault added', { fault: id, ...(fault as object) });
    if (faultKinds[fault.kind].concern === 'process' && !strikesCalls(fault)) {
      happen(fault);
      return statusOf(entry);
    }
    if (forMs !== undefined) {
      entry.endsAt = performance.now() + forMs;
      entry.timer = setTimeout(() => {
        remove(entry, 'its time is over');
        tellInTurn();
      }, forMs);
      entry.timer.unref();
    }
    installed.set(id, entry);
    return statusOf(entry);
  };

  return {
    add: (faults) =>
      inTurn(async () => {
        for (const fault of faults) assertPossible(fault, options);
        if (installed.size + faults.length > mostFaults) {
          throw oipError('OVERLOADED', `at most ${mostFaults} faults are in force, and there are ${installed.size}`);
        }
        const added = faults.map(install);
        await publish();
        return added;
      }),
    clear: (ids) =>
      inTurn(async () => {
        const wanted = [...installed.values()].filter(({ id }) => ids === undefined || ids.includes(id));
        const ended = wanted.map(statusOf);
        for (const entry of wanted) remove(entry, 'cleared');
        await publish();
        return ended;
      }),
    list: () => [...installed.values()].map(statusOf),
    ticket(id) {
      const entry = installed.get(id);
      // One that has just ended strikes nothing more.
      if (!entry) return 0;
      return ++entry.matched;
    },
    struck(id, call) {
      const entry = installed.get(id);
      if (entry) entry.struck++;
      log.announce('fault strikes', { fault: id, ...(entry && { kind: entry.fault.kind }), ...call });
    },
    happen,
    close() {
      for (const { timer } of installed.values()) clearTimeout(timer);
      for (const timer of happening) clearTimeout(timer);
      installed.clear();
    },
  };
}

interface Entry extends InstalledFault {
  addedAt: string;
  /** In milliseconds of performance.now(). */
  endsAt?: number;
  timer?: NodeJS.Timeout;
  matched: number;
  struck: number;
}

function assertPossible({ kind, model }: Fault, { models, hasWrongCertificates }: FaultKeeperOptions): void {
  if (model !== undefined && !models.has(model)) {
    const known = [...models].slice(0, 20).join(', ');
    throw oipError('INVALID_ARGUMENT', `${kind}: the server has no model ${model}; it has ${known}`);
  }
  if ((kind === 'expired-certificate' || kind === 'wrong-certificate') && !hasWrongCertificates) {
    throw oipError('INVALID_ARGUMENT', `${kind}: the server has no such certificate; it needs tls: auto`);
  }
}
