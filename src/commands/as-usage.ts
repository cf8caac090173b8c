/** What the codecs of the protocol refuse, as an error of usage: here what they read was typed, or is in a file. */
import { UsageError } from '../errors.js';
import { OipError } from '../protocol/status.js';

/** Runs a decoder. Throws UsageError with the words of the OipError that it throws, behind `prefix`. */
export function asUsage<T>(decode: () => T, prefix = ''): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof OipError) throw new UsageError(`${prefix}${error.message}`, { cause: error });
    throw error;
  }
}
