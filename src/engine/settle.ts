/** Waiting that always ends: bounded by a time limit, cut short by an abort. */

/** Rejects with the signal's reason as soon as it aborts; `stop` takes the listener away again. */
export function rejectOnAbort(signal: AbortSignal | undefined): { promise: Promise<never>; stop: () => void } {
  if (!signal) return { promise: new Promise<never>(() => {}), stop: () => {} };
  let stop = () => {};
  const promise = new Promise<never>((_, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    stop = () => signal.removeEventListener('abort', onAbort);
  });
  // Whoever races this promise sees the rejection; without a race it must not end the process.
  promise.catch(() => {});
  return { promise, stop };
}

/** Waits so many milliseconds; rejects with the signal's reason when it aborts first. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const abort = rejectOnAbort(signal);
  let timer: NodeJS.Timeout | undefined;
  try {
    await Promise.race([
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, milliseconds);
      }),
      abort.promise,
    ]);
  } finally {
    clearTimeout(timer);
    abort.stop();
  }
}

/**
 * What was begun is not cut off by an abort: it has so many milliseconds more to end by itself. Then it is given up, and
 * this rejects with the signal's reason.
 */
export async function withGrace<T>(work: Promise<T>, graceMs: number, signal?: AbortSignal): Promise<T> {
  const settled = new AbortController();
  const late = new Promise<never>((_, reject) => {
    if (!signal) return;
    const onAbort = () => {
      const timer = setTimeout(() => reject(signal.reason), graceMs);
      settled.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true, signal: settled.signal });
  });
  // Given up, it may still fail, which nobody waits for.
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    settled.abort();
  }
}

/**
 * Does work that has so many milliseconds.
 * @param work obeys its signal
 * @param late makes the error for work that they were not enough for
 * @throws the signal's reason as soon as it aborts, and what the work throws
 */
export async function withLimit<T>(
  limitMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  late: (cause: unknown) => Error,
): Promise<T> {
  signal?.throwIfAborted();
  const limit = AbortSignal.timeout(limitMs);
  try {
    return await work(signal ? AbortSignal.any([signal, limit]) : limit);
  } catch (error) {
    signal?.throwIfAborted();
    throw limit.aborted ? late(error) : error;
  }
}
