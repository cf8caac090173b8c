/** Runs rules over OTLP metrics: the one place that calls the server. */
import { UsageError } from '../errors.js';
import type { CallOptions, InferCall, InferenceClient } from '../protocol/client.js';
import { OipError } from '../protocol/status.js';
import type { InferResponse } from '../protocol/tensor.js';
import { Additions, type GroupOutcome } from './additions.js';
import { type Group, type PreparedRule, prepareRules } from './groups.js';
import { assertPattern } from './naming.js';
import type { OtlpFormat } from './otlp-document.js';
import { readDocument } from './read-document.js';
import type { MetricsReport, RuleReport } from './report.js';
import { groupingOf, type MetricsRule } from './rules.js';
import { metricsUnchanged, splice } from './splice.js';

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
export async function runRules(options: RunRulesOptions): Promise<RunRulesResult> {
  const { bytes, format, rules } = options;
  for (const rule of rules) assertRule(rule);
  const start = performance.now();
  const document = readDocument(bytes, format);
  // All of them are read before the first inference: an input that cannot be used is told at once.
  const prepared = prepareRules(document, rules);
  const read = performance.now();
  const additions = new Additions(document);
  let inferMs = 0;
  const reports: RuleReport[] = [];
  for (const one of prepared) {
    const began = performance.now();
    const outcomes = await inferAll(one, options);
    inferMs += performance.now() - began;
    const report = additions.add(one, outcomes);
    reports.push(report);
    options.onRule?.(report);
  }
  const edits = document.additions(additions.byScope());
  const output = splice(bytes, edits);
  const end = performance.now();
  const { metrics } = document;
  return {
    output,
    report: {
      format: document.format,
      rules: reports,
      originals: { metrics: metrics.length, unchanged: metricsUnchanged(bytes, output, metrics, edits) },
      warnings: additions.warnings,
      ms: end - start,
      parts: { read: read - start, infer: inferMs, write: end - read - inferMs },
    },
  };
}

function assertRule(rule: MetricsRule): void {
  const { model, metrics, mode } = rule;
  if (metrics.length === 0) throw new UsageError(`The rule of model ${model} has no metrics`);
  const twice = metrics.find((name, index) => metrics.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`The rule of model ${model} has ${twice} twice`);
  if (mode?.kind === 'window' && groupingOf(rule) !== 'series') {
    throw new UsageError(
      `A window is of one series, and the rule of model ${model} asks for one inference per ${rule.per}`,
    );
  }
  assertPattern(rule);
}

/** So many inferences of a rule are under way at the same time unless it is said. */
const usualConcurrency = 16;

/** The answers to all groups, in their order. */
async function inferAll({ rule, groups }: PreparedRule, options: RunRulesOptions): Promise<GroupOutcome[]> {
  const outcomes: GroupOutcome[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < groups.length; index = next++) {
      outcomes[index] = await inferGroup(rule, groups[index] as Group, options);
    }
  };
  const workers = Math.min(options.concurrency ?? usualConcurrency, groups.length);
  await Promise.all(Array.from({ length: workers }, work));
  return outcomes;
}

async function inferGroup(
  { model, modelVersion = '', parameters = {} }: MetricsRule,
  group: Group,
  { client, call = {}, onInference }: RunRulesOptions,
): Promise<GroupOutcome> {
  call.signal?.throwIfAborted();
  const request: InferCall = { modelName: model, modelVersion, parameters, inputs: group.inputs, form: 'typed' };
  const start = performance.now();
  try {
    const answer: InferResponse = await client.infer(request, call);
    return { group, answer };
  } catch (error) {
    call.signal?.throwIfAborted();
    if (error instanceof OipError) return { group, error };
    throw error;
  } finally {
    onInference?.(performance.now() - start);
  }
}
