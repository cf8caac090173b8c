/** The failure that the errors of rules amount to. */
import { ExitCode, KServeEnvError } from '../errors.js';
import type { RuleError, RuleReport } from '../metrics/report.js';
import { refusalHint, ServerRefusedError } from './server-refusal.js';

/**
 * Some rule has no result, or not all of it; the metrics have come out all the same. The exit code is that of the cause, as
 * `infer` has it, or where there are several different ones 9.
 */
export class InferenceFailedError extends KServeEnvError {
  constructor(errors: readonly { model: string; error: RuleError }[], endpoint: string) {
    const codes = new Set(errors.map(({ error }) => exitCodeOf(error, endpoint)));
    const [first] = errors;
    const [code] = codes;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    const hint = first && hintOf(first.error);
    super(
      'INFERENCE_FAILED',
      codes.size === 1 && code !== undefined ? code : ExitCode.checkFailed,
      `${first?.model}: ${first?.error.message}${more}; the metrics of the input are all there`,
      {
        ...(hint !== undefined && { hint }),
        retryable: errors.every(({ error: { status } }) => status === 'UNAVAILABLE' || status === 'DEADLINE_EXCEEDED'),
        details: { endpoint, statuses: [...new Set(errors.flatMap(({ error: { status } }) => status ?? []))] },
        cause: first?.error.cause,
      },
    );
  }
}

/** The failure of rules, if any has an error. */
export function failureOf(
  rules: readonly Pick<RuleReport, 'model' | 'errors'>[],
  endpoint: string,
): InferenceFailedError | undefined {
  const errors = rules.flatMap(({ model, errors: own }) => own.map((error) => ({ model, error })));
  return errors.length === 0 ? undefined : new InferenceFailedError(errors, endpoint);
}

function exitCodeOf({ kind, cause }: RuleError, endpoint: string): ExitCode {
  if (cause !== undefined) return new ServerRefusedError(cause, endpoint).exitCode;
  return kind === 'unusable-output' ? ExitCode.checkFailed : ExitCode.usage;
}

function hintOf({ kind, cause }: RuleError): string | undefined {
  if (cause !== undefined) return refusalHint(cause);
  return kind === 'no-metric' ? 'name one that is there with --metric or --rule' : undefined;
}

/** A rule's report in plain values. */
export type PlainRule<Rule> = Omit<Rule, 'errors'> & { errors: Omit<RuleError, 'cause'>[] };

/** The report without what the client threw. */
export function plainRule<Rule extends Pick<RuleReport, 'errors'>>({ errors, ...report }: Rule): PlainRule<Rule> {
  return { ...report, errors: errors.map(({ cause: _, ...error }) => error) };
}

/** What was left out, and errors where there are several, of which the failure tells one: a line each. */
export function warningsOf(rules: readonly Pick<RuleReport, 'model' | 'errors' | 'leftOut'>[]): string[] {
  const times = (count: number) => (count > 1 ? ` (${count} times)` : '');
  const errors = rules.flatMap(({ model, errors: own }) =>
    own.map(({ message, count }) => `${model}: ${message}${times(count)}`),
  );
  const leftOut = rules.flatMap(({ model, leftOut: own }) =>
    own.map(({ example, count }) => `${model}: left out: ${example}${count > 1 ? ` (${count} of the kind)` : ''}`),
  );
  return [...(errors.length > 1 ? errors : []), ...leftOut];
}
