/** New metrics as anybody reads them who gets OTLP. */
import * as z from 'zod';
import { CaseFailure } from '../../case.js';

const integer = z.union([z.string(), z.int()]).transform(String);
const double = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]);
const attribute = z.object({
  key: z.string(),
  value: z.union([
    z.object({ stringValue: z.string() }),
    z.object({ intValue: integer }).transform(({ intValue }) => ({ intValue })),
  ]),
});
const numberPoint = z.object({
  attributes: z.array(attribute).default([]),
  startTimeUnixNano: integer.default('0'),
  timeUnixNano: integer.default('0'),
  asDouble: double.optional(),
  asInt: integer.optional(),
});
const metric = z.looseObject({ name: z.string() });
const scope = z.object({ metrics: z.array(metric) });
const request = z.object({ resourceMetrics: z.array(z.object({ scopeMetrics: z.array(scope) })) });
const gauge = z.object({ name: z.string(), gauge: z.object({ dataPoints: z.array(numberPoint) }) });

/** A data point of a new gauge. */
export type NumberPoint = z.output<typeof numberPoint>;

/** The metrics of a request in their order, by name; throws CaseFailure for what is no OTLP. */
export function metricsIn(document: unknown): z.output<typeof metric>[] {
  const parsed = request.safeParse(document);
  if (!parsed.success) throw new CaseFailure(`what comes out is no OTLP: ${z.prettifyError(parsed.error)}`);
  return parsed.data.resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
}

/** The data points of a gauge. Throws CaseFailure where there is none of that name, or it is no gauge. */
export function gaugePoints(document: unknown, name: string): NumberPoint[] {
  const found = metricsIn(document).find((one) => one.name === name);
  if (found === undefined) throw new CaseFailure(`there is no new metric ${name}`);
  const parsed = gauge.safeParse(found);
  if (!parsed.success) throw new CaseFailure(`${name} is no gauge: ${z.prettifyError(parsed.error)}`);
  return parsed.data.gauge.dataPoints;
}
