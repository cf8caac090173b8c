/** The error of an input that is no OTLP metrics. */
import { ExitCode, KServeEnvError } from '../errors.js';

/** The input cannot be read. `details.position` says where, and the message what was expected there. */
export class OtlpInputError extends KServeEnvError {
  constructor(position: string, expected: string, options: { hint?: string; cause?: unknown } = {}) {
    super('OTLP_INPUT', ExitCode.usage, `${position}: ${expected}`, { ...options, details: { position } });
  }
}
