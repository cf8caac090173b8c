/** What happens to a metrics pipeline in a day: it starts, it runs, a model is not there or not ready, and others go on. */
import type { RuleReport } from '../../../metrics/report.js';
import { checkAtStart } from '../../../metrics/start-check.js';
import { noSuchModel } from '../../absent-names.js';
import { type Case, CaseFailure, expectEqual, expectThat, type Transport } from '../../case.js';
import type { ModelProfile } from '../../profile.js';
import { whileUnloaded } from '../../repository-calls.js';
import { expectValues, newName } from './kind-cases.js';
import { type OtlpForm, otlpForms } from './otlp-forms.js';
import { expectedResults, expectNoErrors, runPipeline } from './pipeline.js';
import { gaugePoints, metricsIn } from './read-metrics.js';
import { requestOf, type SampleMetric, sampleMetrics } from './sample-metrics.js';

const json = otlpForms[0] as OtlpForm;
const gauge = sampleMetrics[0] as SampleMetric;
const common = { suite: 'metrics' } as const;

/** The log line of a start, and every sample at once. */
export function startCases(model: ModelProfile, transports: readonly Transport[]): Case[] {
  return transports.map((transport) => ({
    ...common,
    id: `metrics/start/${model.title}/${transport}`,
    title: `at its start a pipeline finds the server live and ${model.title} described, and says so in its log (${transport})`,
    spec: 'ServerLive says whether the server is live; ModelMetadata lists the inputs and outputs of a model.',
    why: 'A pipeline that cannot tell at its start what is there fails later, with data under way.',
    transports: [transport],
    model: model.name,
    run: async (probe) => {
      const lines: string[] = [];
      const client = probe.client(transport);
      const call = { signal: probe.signal, timeoutMs: probe.timeoutMs };
      const rules = [{ model: model.name, modelVersion: model.version, metrics: [gauge.name] }];
      const good = await checkAtStart({ client, rules, call, log: (line) => lines.push(line) });
      expectThat(good, lines.at(-1) ?? 'nothing was logged');
      expectEqual('first line of the log', lines[0], `Inference server ${client.endpoint} is live`);
      expectThat(lines[1]?.startsWith(`Model ${model.name}: `) === true, `the log says ${JSON.stringify(lines[1])}`);
      return undefined;
    },
  }));
}

/** Metrics of every kind in one request, each through a rule of its own. */
export function endToEndCases(model: ModelProfile, transports: readonly Transport[]): Case[] {
  return transports.flatMap((transport) =>
    otlpForms.map((form) => ({
      ...common,
      id: `metrics/end-to-end/${model.title}/${form.format}/${transport}`,
      title: `a request with metrics of every kind goes through ${model.title} and comes out with a new metric for each (${form.format}, ${transport})`,
      spec: 'Each inference is a request of its own; none may see another.',
      why: 'This is what a metrics pipeline does all day.',
      transports: [transport],
      model: model.name,
      run: async (probe) => {
        const rules = sampleMetrics.map(({ name }) => ({
          model: model.name,
          modelVersion: model.version,
          metrics: [name],
          mode: { kind: 'all' } as const,
        }));
        const { document, report } = await runPipeline(probe, {
          transport,
          form,
          request: requestOf(sampleMetrics),
          rules,
        });
        expectNoErrors(report);
        for (const sample of sampleMetrics) {
          const expected = await expectedResults(probe, transport, model, sample.elements.flat());
          expectValues(gaugePoints(document, newName(sample, model)), expected);
        }
        const outputs = Math.max(1, model.metadata.outputs.length);
        expectEqual('metrics that come out', metricsIn(document).length, 1 + sampleMetrics.length * (1 + outputs));
        return undefined;
      },
    })),
  );
}

/** Two metrics, aligned series by series, through a model with two inputs. */
export function severalInputCases(model: ModelProfile, transports: readonly Transport[]): Case[] {
  return transports.map((transport) => ({
    ...common,
    id: `metrics/several-inputs/${model.title}/${transport}`,
    title: `two metrics are aligned by their attributes, and go through ${model.title} together (${transport})`,
    spec: 'Inputs are bound by name where the model has that name; servers that take any name bind by place.',
    why: 'Inputs that are swapped, or matched with another series, give results of nothing.',
    transports: [transport],
    model: model.name,
    run: async (probe) => {
      const [first, second] = [sampleMetrics[0], sampleMetrics[2]] as [SampleMetric, SampleMetric];
      const rules = [{ model: model.name, modelVersion: model.version, metrics: [first.name, second.name] }];
      const request = requestOf([first, second]);
      const { document, report } = await runPipeline(probe, { transport, form: json, request, rules });
      expectNoErrors(report);
      const results = report.rules[0];
      expectEqual('new metrics', results?.newMetrics, Math.max(1, model.metadata.outputs.length));
      const points = gaugePoints(document, results?.names[0] ?? '');
      const { mathematics } = model;
      const [left, right] = [first.elements.flat(), second.elements.flat()];
      if (mathematics?.kind === 'sum')
        expectValues(
          points,
          left.map((value, index) => value + (right[index] ?? 0)),
        );
      else if (mathematics?.kind === 'product') {
        expectValues(
          points,
          left.map((value, index) => value * (right[index] ?? 0)),
        );
      } else expectThat(points.length > 0, 'the new metric has no data points');
      return undefined;
    },
  }));
}

/** A model that is not there costs its own results, and nothing else. */
export function missingModelCases(model: ModelProfile, transports: readonly Transport[]): Case[] {
  return transports.map((transport) => ({
    ...common,
    id: `metrics/missing-model/${model.title}/${transport}`,
    title: `a rule whose model is not there is reported, and the other goes on (${transport})`,
    spec: 'A request for a model that does not exist is answered with an error.',
    why: 'One wrong name in a configuration must not cost all other metrics.',
    transports: [transport],
    model: model.name,
    run: async (probe) => {
      const rules = [noSuchModel, model.name].map((name) => ({ model: name, metrics: [gauge.name] }));
      const { document, report } = await runPipeline(probe, {
        transport,
        form: json,
        request: requestOf([gauge]),
        rules,
      });
      const [failed, other] = report.rules;
      expectThat((failed?.errors.length ?? 0) > 0, `the model ${noSuchModel} answered`);
      await expectOther(probe, transport, model, { document, other });
      return undefined;
    },
  }));
}

/** A model that is unloaded while the pipeline runs. `idle` is the one that is unloaded. */
export function notReadyCases(model: ModelProfile, idle: ModelProfile, transports: readonly Transport[]): Case[] {
  return transports.map((transport) => ({
    ...common,
    id: `metrics/not-ready/${idle.title}/${transport}`,
    title: `while ${idle.title} is not ready its rule is reported, the metrics come out, and ${model.title} goes on (${transport})`,
    spec: 'A model that is not ready cannot be inferred from; the answer is an error.',
    why: 'Models are updated while metrics flow. None of them may get lost.',
    transports: [transport],
    model: idle.name,
    run: async (probe) => {
      const rules = [idle, model].map(({ name, version }) => ({
        model: name,
        modelVersion: version,
        metrics: [gauge.name],
      }));
      const request = requestOf([gauge]);
      await whileUnloaded(probe, { transport, model: idle.name }, async () => {
        const { document, report } = await runPipeline(probe, { transport, form: json, request, rules });
        const [failed, other] = report.rules;
        expectThat((failed?.errors.length ?? 0) > 0, `${idle.title} answered while it was unloaded`);
        expectEqual('new metrics of the model that is not ready', failed?.newMetrics, 0);
        await expectOther(probe, transport, model, { document, other });
      });
      const { report } = await runPipeline(probe, { transport, form: json, request, rules });
      expectNoErrors(report);
      return undefined;
    },
  }));
}

async function expectOther(
  probe: Parameters<Case['run']>[0],
  transport: Transport,
  model: ModelProfile,
  { document, other }: { document: unknown; other: RuleReport | undefined },
): Promise<void> {
  if (other === undefined || other.errors[0]) {
    throw new CaseFailure(`the rule of ${model.title} did not go on: ${other?.errors[0]?.message}`);
  }
  const expected = await expectedResults(probe, transport, model, gauge.elements.flat());
  expectValues(gaugePoints(document, other.names[0] ?? ''), expected);
}
