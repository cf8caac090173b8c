/** OTLP/JSON for tests, its new metrics read back, and a client that answers what a test says. */
import type { InferCall, InferenceClient } from '../../../src/protocol/client.js';
import type { InferResponse, Tensor } from '../../../src/protocol/tensor.js';

// biome-ignore lint/suspicious/noExplicitAny: tests look into documents of every form
export type Json = any;

export const attributes = (pairs: Record<string, string>) =>
  Object.entries(pairs).map(([key, value]) => ({ key, value: { stringValue: value } }));

/** A point of a Gauge or a Sum. */
export const point = (value: number | string, time = 0, pairs: Record<string, string> = {}): Json => ({
  attributes: attributes(pairs),
  timeUnixNano: String(time),
  ...(typeof value === 'string' ? { asInt: value } : { asDouble: value }),
});

export const gauge = (name: string, ...dataPoints: Json[]) => ({ name, gauge: { dataPoints } });

/** A resource with one scope. */
export const resource = (host: string, ...metrics: Json[]) => ({
  resource: { attributes: attributes({ 'host.name': host }) },
  scopeMetrics: [{ scope: { name: 'test' }, metrics }],
});

export const request = (...resourceMetrics: Json[]) => Buffer.from(JSON.stringify({ resourceMetrics }));

/** Metrics of one resource. */
export const oneHost = (...metrics: Json[]) => request(resource('a', ...metrics));

/** All metrics of a document, with the host that they are of. */
export function metricsOf(bytes: Uint8Array): (Json & { host: string })[] {
  const { resourceMetrics } = JSON.parse(Buffer.from(bytes).toString());
  return resourceMetrics.flatMap((one: Json) =>
    one.scopeMetrics.flatMap(({ metrics }: Json) =>
      metrics.map((metric: Json) => ({ ...metric, host: one.resource.attributes[0]?.value.stringValue })),
    ),
  );
}

/** Points of the metric of a name: attributes without our own two, time and value. */
export function pointsOf(bytes: Uint8Array, name: string): Json[] {
  const own = ['otel.inference.model.name', 'otel.inference.model.version'];
  return metricsOf(bytes)
    .filter((metric) => metric.name === name)
    .flatMap((metric) => metric.gauge.dataPoints)
    .map((found: Json) => ({
      ...Object.fromEntries(
        found.attributes
          .filter(({ key }: Json) => !own.includes(key))
          .map(({ key, value }: Json) => [key, value.stringValue ?? Number(value.intValue)]),
      ),
      ...(found.timeUnixNano && { time: Number(found.timeUnixNano) }),
      value: found.asInt === undefined ? found.asDouble : { int: found.asInt },
    }));
}

/** A client whose server answers with these tensors, and what it was asked. */
export function answering(outputs: (call: InferCall) => Tensor[], modelVersion = '7') {
  const calls: InferCall[] = [];
  const client = {
    endpoint: 'nowhere:1',
    transport: 'grpc',
    async infer(call: InferCall): Promise<InferResponse> {
      calls.push(call);
      const { modelName } = call;
      return { modelName, modelVersion, id: '', parameters: {}, outputs: outputs(call), form: 'typed' };
    },
  } as Partial<InferenceClient> as InferenceClient;
  const tensors = () => calls.map(({ inputs }) => inputs.map(({ name, data }) => [name, ...(data as Float64Array)]));
  return { client, calls, tensors };
}

/** An FP64 tensor of shape [n]. */
export const fp64 = (name: string, ...values: number[]): Tensor => ({
  name,
  datatype: 'FP64',
  shape: [values.length],
  data: Float64Array.from(values),
});

/** The first input, doubled. */
export const doubled = (call: InferCall): Tensor[] => [
  fp64('out', ...Array.from(call.inputs[0]?.data as Float64Array, (value) => value * 2)),
];
