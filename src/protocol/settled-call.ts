/** A call that ends once: by what comes of it, by its time-out, or by an abort, whichever is first. */
import type { CallOptions } from './client.js';
import { defaultTimeoutMs } from './infer-call.js';
import { type OipError, oipError } from './status.js';

/** How a call is ended; what comes after its end counts for nothing. */
export interface Ending<Answer> {
  resolve(answer: Answer): void;
  reject(error: OipError): void;
}

/**
 * Begins a call, unless it was aborted before. Throws OipError: DEADLINE_EXCEEDED, CANCELLED, or what the call ends with.
 * @param label begins messages
 * @param begin returns how what it began is given up; it may throw
 */
export function settledCall<Answer>(
  label: string,
  { timeoutMs = defaultTimeoutMs, signal }: CallOptions,
  begin: (ending: Ending<Answer>) => (why: OipError) => void,
): Promise<Answer> {
  const cancelled = (): OipError => oipError('CANCELLED', `${label} was cancelled`, { cause: signal?.reason });
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(cancelled());
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const stop = (why: OipError): void => {
      end();
      reject(why);
      giveUp(why);
    };
    const abort = (): void => stop(cancelled());
    const giveUp = begin({
      resolve(answer) {
        end();
        resolve(answer);
      },
      reject(error) {
        end();
        reject(error);
      },
    });
    const late = `${label} had no answer within ${Math.round(timeoutMs)} ms`;
    timer = setTimeout(() => stop(oipError('DEADLINE_EXCEEDED', late)), timeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
