/** Places where several wait until all of them are there. */

interface Gate<Peer> {
  missing: Set<Peer>;
  failure: { error: unknown } | undefined;
  opened: Promise<void>;
  open: () => void;
  fail: (error: unknown) => void;
}

export interface Gates<Peer> {
  /**
   * `peer` is at the gate called `key`. Settles when everybody in `expected` is, which the first to arrive says, or has
   * been left out; rejects for all with the first error that somebody brought.
   */
  arrive(key: string, peer: Peer, expected: Iterable<Peer>, failure?: { error: unknown }): Promise<void>;
  /** Nobody waits for `peer` any more. */
  leave(peer: Peer): void;
}

export function createGates<Peer>(): Gates<Peer> {
  const gates = new Map<string, Gate<Peer>>();

  const settle = (key: string, gate: Gate<Peer>): void => {
    if (gate.missing.size > 0) return;
    gates.delete(key);
    if (gate.failure) gate.fail(gate.failure.error);
    else gate.open();
  };

  return {
    arrive(key, peer, expected, failure) {
      const gate = gates.get(key) ?? createGate(expected);
      gates.set(key, gate);
      gate.failure ??= failure;
      gate.missing.delete(peer);
      settle(key, gate);
      return gate.opened;
    },
    leave(peer) {
      for (const [key, gate] of gates) if (gate.missing.delete(peer)) settle(key, gate);
    },
  };
}

function createGate<Peer>(expected: Iterable<Peer>): Gate<Peer> {
  let open = (): void => {};
  let fail = (_error: unknown): void => {};
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  // Whoever waits hears of it; where all have left, nobody does.
  opened.catch(() => {});
  return { missing: new Set(expected), failure: undefined, opened, open, fail };
}
