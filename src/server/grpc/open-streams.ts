/** Streams that are open until their client ends them, and that the server ends when it stops. */

export interface OpenStreams {
  /** Calls `end` once when the server stops, unless the function that is returned was called before. */
  add(end: () => void): () => void;
  /** Ends every stream, those that are still to come too. */
  end(): void;
}

export function createOpenStreams(): OpenStreams {
  const ends = new Set<() => void>();
  let ended = false;
  return {
    add(end) {
      if (ended) end();
      else ends.add(end);
      return () => ends.delete(end);
    },
    end() {
      ended = true;
      for (const end of ends) end();
      ends.clear();
    },
  };
}
