/** `metrics`: sends OTLP metrics through models, and gives them back with the results. */
import type { Readable } from 'node:stream';
import { parse } from 'lossless-json';
import { UsageError } from '../errors.js';
import { OtlpInputError } from '../metrics/input-error.js';
import type { OtlpFormat } from '../metrics/otlp-document.js';
import { detectFormat } from '../metrics/read-document.js';
import type { RuleReport, MetricsReport as RulesReport } from '../metrics/report.js';
import type { MetricsRule } from '../metrics/rules.js';
import { runRules } from '../metrics/run-rules.js';
import { connectClients } from './clients.js';
import type { CommandContext, CommandResult } from './context.js';
import { serverAddress, type TargetOptions } from './find-environment.js';
import { failureOf, type PlainRule, plainRule, warningsOf } from './metrics-failure.js';
import { type MetricsOutputOptions, openOutput, readMetrics } from './metrics-files.js';
import { type RuleWords, rulesOfWords } from './metrics-words.js';

/** Options of `metrics`. */
export interface MetricsOptions extends TargetOptions, RuleWords, MetricsOutputOptions {
  /** File with OTLP metrics; `-` for standard input. */
  input?: string;
  /** Told from the content unless given. */
  format?: OtlpFormat;
  /** Milliseconds for each inference. */
  timeoutMs?: number;
  /** Inferences of a rule that are under way at the same time; 16 unless given. */
  concurrency?: number;
  stdin?: Readable;
}

/** A rule's report in plain values. */
export type MetricsRuleReport = PlainRule<RuleReport>;

/** What became of the rules, and the metrics with the new ones. */
export interface MetricsReport {
  endpoint: string;
  format: OtlpFormat;
  rules: MetricsRuleReport[];
  /** Metrics of the input, every one compared byte for byte with what came out. */
  originals: { metrics: number; unchanged: boolean };
  /** Milliseconds. */
  ms: number;
  /** Absolute path of the file that was written; null where there is none. */
  path: string | null;
  /**
   * The metrics: of JSON the value, of several requests an array of values; of protobuf base64. Null where they were
   * written to a file or to standard output.
   */
  output: unknown;
}

/**
 * Once the input is read it comes out whatever happens, without new metrics in the worst case; only an interruption stops it.
 * @throws UsageError, OtlpInputError, NotRunningError, and with code FILE_EXISTS or FILE_NOT_WRITTEN
 */
export async function metrics(options: MetricsOptions, context: CommandContext): Promise<CommandResult<MetricsReport>> {
  const rules = rulesOfWords(options);
  const { input, format } = options;
  if (input === undefined)
    throw new UsageError('There is no input', { hint: 'give a file with --input, or --input -' });
  const output = await openOutput(options, context);
  const bytes = await readMetrics(input, options.stdin, context);
  const likely = format ?? detectFormat(bytes);
  output.assertTakes(likely);
  let result: Awaited<ReturnType<typeof inferWith>>;
  try {
    result = await inferWith(bytes, rules, options, context);
  } catch (error) {
    context.signal.throwIfAborted();
    await output.write(bytes, likely);
    throw error instanceof OtlpInputError ? inFile(error, input) : error;
  }
  const { report, endpoint, warnings } = result;
  await output.write(result.output, report.format);
  const kept = output.path === null && options.stdout === undefined;
  const failure = failureOf(report.rules, endpoint);
  return {
    data: {
      endpoint,
      format: report.format,
      rules: report.rules.map(plainRule),
      originals: report.originals,
      ms: Math.round(report.ms * 100) / 100,
      path: output.path,
      output: kept ? outputValue(result.output, report.format) : null,
    },
    warnings: [...warnings, ...report.warnings, ...warningsOf(report.rules)],
    ...(failure && { failure }),
  };
}

/** Runs the rules against the server that is meant. */
async function inferWith(
  bytes: Uint8Array,
  rules: MetricsRule[],
  options: MetricsOptions,
  context: CommandContext,
): Promise<{ output: Uint8Array; report: RulesReport; endpoint: string; warnings: string[] }> {
  const { format, timeoutMs, concurrency } = options;
  const address = await serverAddress(options, context);
  await using clients = await connectClients(address);
  const client = clients.preferred;
  const result = await runRules({
    bytes,
    rules,
    client,
    call: { signal: context.signal, ...(timeoutMs !== undefined && { timeoutMs }) },
    ...(format !== undefined && { format }),
    ...(concurrency !== undefined && { concurrency }),
  });
  return { ...result, endpoint: client.endpoint, warnings: address.warnings ?? [] };
}

/** The same error, with the name of the file in front. */
function inFile(error: OtlpInputError, input: string): OtlpInputError {
  const file = input === '-' ? 'standard input' : input;
  const { position } = error.details;
  const expected = error.message.slice(`${position}: `.length);
  return new OtlpInputError(`${file}, ${position}`, expected, {
    ...(error.hint !== undefined && { hint: error.hint }),
    cause: error,
  });
}

/** Numbers stay as they are spelt. */
function outputValue(bytes: Uint8Array, format: OtlpFormat): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (format === 'protobuf') return buffer.toString('base64');
  const text = buffer.toString('utf8').replace(/^\uFEFF/, '');
  const value = (json: string) => parse(json, undefined, { onDuplicateKey: ({ newValue }) => newValue });
  try {
    return value(text);
  } catch {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    try {
      return lines.map(value);
    } catch {
      return text;
    }
  }
}
