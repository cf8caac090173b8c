/** A process's part in the faults of its server: what is in force here, and which calls it strikes. */
import { type CallFacts, concerns, drawn, matches, strikes } from '../../faults/decide.js';
import { type Fault, strikesCalls } from '../../faults/fault.js';
import { faultHeader, parseHeaderFaults } from '../../faults/fault-text.js';
import type { FaultKind } from '../../faults/kinds.js';
import type { ModelRepository } from '../model-repository.js';
import type { FaultOrders, InstalledFault, StruckCall } from './fault-keeper.js';
import { pretendedStates } from './pretended-states.js';

/** A fault that strikes one call. */
export interface Strike<Kind extends FaultKind = FaultKind> {
  fault: Fault<Kind>;
  /** Of the fault; absent for one of the call's own header. */
  id?: string;
  /** A number from 0 up to 1, the same for the same seed and call. */
  draw(purpose: string): number;
}

export interface FaultSite {
  /** False where no call can be struck: nothing more is asked for a call then. */
  readonly active: boolean;
  /** Says that a call carries a header of faults for itself; nothing where those are not allowed. */
  noteHeader(): void;
  /**
   * The faults that strike a call, in the order in which they were added, then those of its own header. At once where
   * nothing has to be counted elsewhere. Throws INVALID_ARGUMENT for a header that cannot be understood.
   */
  strikesOf(call: CallFacts): Strike[] | Promise<Strike[]>;
  /** The last fault of a kind that is in force without regard to calls, for a transport. */
  standing<Kind extends FaultKind>(kind: Kind, transport: 'grpc' | 'rest'): Fault<Kind> | undefined;
  /** Whether the fault of this id is in force. */
  has(id: string): boolean;
  /** Calls `listener` after every change of what is in force; what it returns is awaited. */
  onChange(listener: () => void | Promise<void>): void;
  /** Does what the keeper orders; settles when it is done. */
  apply(orders: FaultOrders): Promise<void>;
}

/** The keeper, as a process that answers calls reaches it: in its own process, or over the channel to another. */
export interface KeeperLink {
  ticket(id: string): number | Promise<number>;
  struck(id: string, call: StruckCall): void;
  happen(fault: Fault<'crash' | 'memory-kill' | 'freeze'>): void;
}

export interface FaultSiteOptions {
  repository: ModelRepository;
  keeper: KeeperLink;
  /** Whether calls may carry faults of their own. */
  headerAllowed: boolean;
  /** Blocks the process, for so many milliseconds. */
  freeze?: (milliseconds: number) => void;
}

/** Letters of a name from outside in a log line. */
const loggedNameLength = 100;

export function createFaultSite(options: FaultSiteOptions): FaultSite {
  const { repository, keeper, headerAllowed, freeze = block } = options;
  const listeners: (() => void | Promise<void>)[] = [];
  let standing: InstalledFault[] = [];
  let striking: InstalledFault[] = [];
  let headerSeen = false;
  let lastFreeze = 0;

  const note = (id: string, { transport, rpc, models: [model = ''] }: CallFacts): void =>
    keeper.struck(id, { transport, rpc, model: model.slice(0, loggedNameLength) });
  const ofHeader = (call: CallFacts): Strike[] => {
    const text = headerSeen ? call.header(faultHeader) : undefined;
    if (text === undefined) return [];
    const faults = parseHeaderFaults(text).filter((fault) => concerns(fault, call));
    if (faults.length > 0) note('header', call);
    return faults.map((fault) => {
      const seed = fault.seed ?? Math.floor(Math.random() * 2 ** 32);
      return { fault, draw: (purpose) => drawn(seed, 1, purpose) };
    });
  };
  const strikeOf = ({ id, fault, seed }: InstalledFault, call: CallFacts, ordinal: number): Strike | undefined => {
    if (ordinal < 1 || !strikes(fault, ordinal, seed)) return undefined;
    note(id, call);
    return { fault, id, draw: (purpose) => drawn(seed, ordinal, purpose) };
  };

  return {
    get active() {
      return striking.length > 0 || headerSeen;
    },
    noteHeader() {
      headerSeen = headerAllowed;
    },
    strikesOf(call) {
      const own = ofHeader(call);
      const matching = striking.filter(({ fault }) => concerns(fault, call) && matches(fault, call));
      // Every fault counts the call, struck or not: what one does must not depend on the others.
      const tickets = matching.map(({ id }) => keeper.ticket(id));
      const decide = (ordinals: readonly number[]): Strike[] => {
        const struck = matching.map((installed, index) => strikeOf(installed, call, ordinals[index] ?? 0));
        return [...struck.filter((one) => one !== undefined), ...own];
      };
      if (tickets.every((ticket) => typeof ticket === 'number')) return decide(tickets);
      return Promise.all(tickets).then(decide);
    },
    standing(kind, transport) {
      const found = standing.findLast(
        ({ fault }) => fault.kind === kind && (fault.transport === undefined || fault.transport === transport),
      );
      return found?.fault as Fault<typeof kind> | undefined;
    },
    has: (id) => [...striking, ...standing].some((installed) => installed.id === id),
    onChange: (listener) => void listeners.push(listener),
    async apply({ faults, frozenUntil }) {
      striking = faults.filter(({ fault }) => strikesCalls(fault));
      standing = faults.filter(({ fault }) => !strikesCalls(fault));
      pretendedStates(
        repository,
        standing.map(({ fault }) => fault),
      );
      const done = Promise.all(listeners.map((listener) => listener()));
      if (frozenUntil !== undefined && frozenUntil !== lastFreeze) {
        lastFreeze = frozenUntil;
        // After the answer to the order has left.
        if (frozenUntil > Date.now()) setImmediate(() => freeze(frozenUntil - Date.now()));
      }
      await done;
    },
  };
}

function block(milliseconds: number): void {
  if (milliseconds > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
