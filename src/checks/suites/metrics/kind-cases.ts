/** Every kind of metric through a model: its results become new gauges, and it stays as it is. */
import type { Mode } from '../../../metrics/rules.js';
import { type Case, CaseFailure, expectEqual, type Transport } from '../../case.js';
import type { Probe } from '../../probe.js';
import type { ModelProfile } from '../../profile.js';
import { type OtlpForm, otlpForms } from './otlp-forms.js';
import { expectedResults, expectNoErrors, runPipeline } from './pipeline.js';
import { gaugePoints, type NumberPoint } from './read-metrics.js';
import { liveMetrics, requestOf, type SampleMetric, sampleMetrics, seriesAttributes, times } from './sample-metrics.js';

const spec =
  'The OIP carries tensors and knows no metrics: a pipeline sends the values of a metric as FP64 in typed contents, in a ' +
  'tensor named after the metric, and reads outputs by their place.';
const why =
  'Values that change on their way, or results that end up with another series, are wrong figures that nobody sees: no ' +
  'error is reported.';

/** Each kind in both encodings, over each transport, and this machine's own figures. */
export function kindCases(model: ModelProfile, transports: readonly Transport[]): Case[] {
  return transports.flatMap((transport) => [
    ...sampleMetrics.flatMap((sample) => otlpForms.map((form) => kindCase(model, sample, form, transport))),
    ...liveMetrics().map((sample) => liveCase(model, sample, transport)),
  ]);
}

function kindCase(model: ModelProfile, sample: SampleMetric, form: OtlpForm, transport: Transport): Case {
  return {
    id: `metrics/${sample.kind}/${model.title}/${form.format}/${transport}`,
    suite: 'metrics',
    title: `${sample.title} in ${form.format === 'json' ? 'JSON' : 'protobuf'} goes through ${model.title}, and stays as it is (${transport})`,
    spec,
    why,
    transports: [transport],
    model: model.name,
    run: async (probe) => {
      const points = await newPoints(probe, { model, sample, form, transport, mode: { kind: 'all' } });
      if (points.length === sample.elements.flat().length) expectOrigins(points, sample);
      return undefined;
    },
  };
}

function liveCase(model: ModelProfile, sample: SampleMetric, transport: Transport): Case {
  return {
    id: `metrics/live/${model.title}/${sample.name}/${transport}`,
    suite: 'metrics',
    title: `${sample.title} of this moment goes through ${model.title} (${transport}, ${sample.elements.length} values)`,
    spec,
    why,
    transports: [transport],
    model: model.name,
    run: async (probe) => {
      const form = otlpForms[0] as OtlpForm;
      await newPoints(probe, { model, sample, form, transport, mode: { kind: 'latest' } });
      return undefined;
    },
  };
}

/** The new data points of a sample that goes through the model alone; their values are those that the model gives. */
async function newPoints(
  probe: Probe,
  {
    model,
    sample,
    form,
    transport,
    mode,
  }: { model: ModelProfile; sample: SampleMetric; form: OtlpForm; transport: Transport; mode: Mode },
): Promise<NumberPoint[]> {
  const rules = [{ model: model.name, modelVersion: model.version, metrics: [sample.name], mode }];
  const { document, report } = await runPipeline(probe, { transport, form, request: requestOf([sample]), rules });
  expectNoErrors(report);
  const points = gaugePoints(document, newName(sample, model));
  expectValues(points, await expectedResults(probe, transport, model, sample.elements.flat()));
  return points;
}

/** What the model's first result of a sample is called. */
export const newName = ({ name }: SampleMetric, { metadata }: ModelProfile) =>
  `${name}.${metadata.outputs[0]?.name || 'output_0'}`;

/** Throws CaseFailure unless the points have these values, to the last bit. */
export function expectValues(points: readonly NumberPoint[], expected: readonly number[]): void {
  const got = points.map(({ asDouble, asInt }) => asDouble ?? Number(asInt));
  expectEqual('number of new data points', got.length, expected.length);
  const index = expected.findIndex((value, at) => !Object.is(got[at], value));
  if (index >= 0) throw new CaseFailure(`data point ${index}: expected ${expected[index]}, got ${got[index]}`);
}

/** Throws CaseFailure unless each point has the attributes and times of the series that its value came from. */
function expectOrigins(points: readonly NumberPoint[], { elements }: SampleMetric): void {
  const origins = elements.flatMap((list, series) => list.map(() => seriesAttributes[series] ?? []));
  for (const [index, { attributes, startTimeUnixNano, timeUnixNano }] of points.entries()) {
    const inherited = attributes.filter(({ key }) => !key.startsWith('otel.inference.'));
    expectEqual(`attributes of data point ${index}`, inherited, origins[index]);
    expectEqual(`times of data point ${index}`, { startTimeUnixNano, timeUnixNano }, times);
    const model = attributes.find(({ key }) => key === 'otel.inference.model.name');
    if (model === undefined) throw new CaseFailure(`data point ${index} does not say which model it is of`);
  }
}
