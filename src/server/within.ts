/** Waits that end. */

/** What comes of a wait that took too long. */
export const late = Symbol('late');

/** What `work` comes to, or `late` after `timeoutMs` milliseconds; nothing stops the work then. */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<typeof late>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, late);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
