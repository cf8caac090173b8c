/** Waits of a struck call, which end with the call at the latest: nothing is left of one that was given up. */

/** A call that may end before it is answered: by its deadline, by its client, or with its connection. */
export interface CallLife {
  readonly ended: boolean;
  /** Calls `listener` once when the call ends, unless what is returned was called before. */
  onEnd(listener: () => void): () => void;
}

/** Waits so many milliseconds. Comes to false, and at once, where the call ends before. */
export function waited(life: CallLife, milliseconds: number): Promise<boolean> {
  if (life.ended) return Promise.resolve(false);
  return new Promise((resolve) => {
    const forget = life.onEnd(() => {
      clearTimeout(timer);
      resolve(false);
    });
    const timer = setTimeout(() => {
      forget();
      resolve(true);
    }, milliseconds);
  });
}

/** Settles when the call has ended. */
export function ended(life: CallLife): Promise<void> {
  return life.ended ? Promise.resolve() : new Promise((resolve) => void life.onEnd(resolve));
}
