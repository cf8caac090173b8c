/** Keeps a run from waiting for what will not come: each case that a server leaves without an answer takes its whole time-out. */
import { OipError } from '../protocol/status.js';
import type { Case, Transport } from './case.js';
import type { ProbeOptions } from './probe.js';

/** After so many cases in a row without an answer, no more like them are asked. */
const inARow = 3;
/** After so many in all, nothing is. */
const inAll = 12;

/** What was left unanswered so far. */
export interface Silence {
  /**
   * Why a case is not asked; undefined where it is. Where the server is gone it has failed the case, and where it leaves
   * only others like it without an answer that is not known.
   */
  reasonNotToAsk(one: Case): { status: 'failed' | 'skipped'; message: string } | undefined;
  /** A case was asked: whether it was answered, rightly or wrongly. */
  heard(one: Case, answered: boolean): Promise<void>;
}

/**
 * Listens over each transport. One kind of call may hang while the server is there: then its kind alone is given up, the
 * cases whose ids begin with the same two words. A server that does not say either that it lives is given up whole.
 */
export function createSilence({ connections, signal, timeoutMs }: ProbeOptions): Silence {
  const counts = { grpc: { row: 0, all: 0 }, rest: { row: 0, all: 0 } };
  const gone = new Map<Transport, string>();
  const silentKinds = new Set<string>();

  const lives = async (transport: Transport): Promise<boolean> => {
    try {
      await connections[transport]?.client.serverLive({ signal, timeoutMs });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof OipError)) throw error;
      return error.status !== 'DEADLINE_EXCEEDED' && error.status !== 'UNAVAILABLE';
    }
  };
  return {
    reasonNotToAsk({ id, transports }) {
      const lost = transports.find((transport) => gone.has(transport));
      if (lost) return { status: 'failed', message: gone.get(lost) ?? '' };
      const silent = transports.find((transport) => silentKinds.has(kindOf(id, transport)));
      const message = `not asked: the server left ${inARow} cases like it without an answer`;
      return silent && { status: 'skipped', message };
    },
    async heard({ id, transports }, answered) {
      for (const transport of transports) {
        const count = counts[transport];
        count.row = answered ? 0 : count.row + 1;
        if (answered) continue;
        count.all += 1;
        if (count.all >= inAll) gone.set(transport, `not asked: the server left ${count.all} cases without an answer`);
        if (count.row < inARow || gone.has(transport)) continue;
        if (await lives(transport)) silentKinds.add(kindOf(id, transport));
        else gone.set(transport, `not asked: the server left ${inARow} cases in a row without an answer`);
        count.row = 0;
      }
    },
  };
}

/** `infer/values` over gRPC. */
function kindOf(id: string, transport: Transport): string {
  return `${transport}:${id.split('/').slice(0, 2).join('/')}`;
}
