/** Runs rules over OTLP metrics: the one place that calls the server. */
import type { CallOptions, InferenceClient } from '../protocol/client.js';
import type { OtlpFormat } from './otlp-document.js';
import type { MetricsReport, RuleReport } from './report.js';
import type { MetricsRule } from './rules.js';

/** What `runRules` needs. */
export interface RunRulesOptions {
  /** OTLP metrics in JSON, also several requests one after another, or in protobuf. */
  bytes: Uint8Array;
  /** Told from the content unless given. */
  format?: OtlpFormat;
  rules: readonly MetricsRule[];
  client: InferenceClient;
  /** Of each ModelInfer. */
  call?: CallOptions;
  /** Inferences of a rule that are under way at the same time; 16 unless given. */
  concurrency?: number;
  /** Told of each rule when it is done. */
  onRule?: (report: RuleReport) => void;
  /** Told of each inference, with its duration in milliseconds. */
  onInference?: (ms: number) => void;
}

/** The metrics with the new ones, and what became of each rule. */
export interface RunRulesResult {
  output: Uint8Array;
  report: MetricsReport;
}

/**
 * Whatever a server does, every metric of the input comes out byte for byte, and the report says what went wrong.
 * Throws OtlpInputError for an input that is no OTLP metrics, UsageError for a rule that makes no sense, and the reason of
 * an aborted `call.signal`.
 */
export async function runRules(_options: RunRulesOptions): Promise<RunRulesResult> {
  throw new Error('is being written');
}
