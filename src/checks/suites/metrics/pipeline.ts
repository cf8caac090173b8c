/** A metrics pipeline in front of the server: metrics in, the same metrics and the results out. */
import type { MetricsReport } from '../../../metrics/report.js';
import type { MetricsRule } from '../../../metrics/rules.js';
import { runRules } from '../../../metrics/run-rules.js';
import type { DataForm } from '../../../protocol/tensor.js';
import { CaseFailure, expectEqual, expectThat, type Transport } from '../../case.js';
import type { Probe } from '../../probe.js';
import type { ModelProfile } from '../../profile.js';
import type { OtlpForm } from './otlp-forms.js';
import { metricsIn } from './read-metrics.js';

/** What went in and came out. */
export interface PipelineResult {
  /** The request as JSON. */
  document: unknown;
  report: MetricsReport;
}

/**
 * Sends metrics through rules, and sees that each of them is still there, unchanged, in its place.
 * Throws CaseFailure where one is not.
 */
export async function runPipeline(
  probe: Probe,
  { transport, form, request, rules }: { transport: Transport; form: OtlpForm; request: object; rules: MetricsRule[] },
): Promise<PipelineResult> {
  const bytes = form.write(request);
  const before = form.read(bytes);
  const call = { signal: probe.signal, timeoutMs: probe.timeoutMs };
  const { output, report } = await runRules({ bytes, rules, client: probe.client(transport), call });
  const document = form.read(output);
  const [originals, all] = [metricsIn(before), metricsIn(document)];
  for (const [index, original] of originals.entries()) {
    expectEqual(`metric ${original.name} after the inference`, all[index], original);
  }
  expectThat(report.originals.unchanged, 'an original metric is not the same, byte for byte');
  expectEqual('original metrics', report.originals.metrics, originals.length);
  return { document, report };
}

/** Throws CaseFailure for the first thing that went wrong in a rule. */
export function expectNoErrors({ rules }: MetricsReport): void {
  for (const { model, errors } of rules) {
    if (errors[0]) throw new CaseFailure(`model ${model}: ${errors[0].message}`);
  }
}

/** What the model makes of these elements: known, or asked as any client would. */
export async function expectedResults(
  probe: Probe,
  transport: Transport,
  { name, version, metadata, mathematics }: ModelProfile,
  elements: readonly number[],
): Promise<number[]> {
  if (mathematics?.kind === 'scale') return elements.map((value) => value * mathematics.factor);
  if (mathematics?.kind === 'identity') return [...elements];
  const input = {
    name: metadata.inputs[0]?.name ?? 'input',
    datatype: 'FP64' as const,
    shape: [elements.length],
    data: Float64Array.from(elements),
  };
  const form: DataForm = 'typed';
  const call = { modelName: name, modelVersion: version, inputs: [input], form };
  const { outputs } = await probe.infer(transport, call);
  return Array.from((outputs[0]?.data ?? []) as ArrayLike<number | bigint>, Number);
}
