/** Data points by the series that they belong to. */
import { attributesForPeople, counted, identityOf } from './identity.js';
import type { Point, Scope } from './otlp-document.js';

/** A point, and its place among all points of its metric in the input. */
export interface PlacedPoint {
  point: Point;
  order: number;
}

/** Points of one metric that have resource, scope and attributes in common, in the order of the input. */
export interface Series {
  resource: string;
  /** Identity of the scope. */
  scope: string;
  /** Identity of the attributes. */
  attributes: string;
  points: PlacedPoint[];
}

/** The series of a metric, in the order of their first points. */
export function seriesOf(points: readonly Point[]): Series[] {
  const found = new Map<string, Series>();
  const prefixes = new Map<Scope, string>();
  for (const [order, point] of points.entries()) {
    const { scope } = point;
    let prefix = prefixes.get(scope);
    if (prefix === undefined) {
      prefix = counted(scope.resource) + counted(scope.identity);
      prefixes.set(scope, prefix);
    }
    const attributes = identityOf(point.attributes);
    const key = prefix + attributes;
    const series = found.get(key);
    if (series) series.points.push({ point, order });
    else {
      const { resource, identity } = scope;
      found.set(key, { resource, scope: identity, attributes, points: [{ point, order }] });
    }
  }
  return [...found.values()];
}

/** `system.cpu.utilization{cpu=0, state=idle}`, for people. */
export function describeSeries(name: string, { points }: Series): string {
  return `${name}${attributesForPeople(points[0]?.point.attributes ?? [])}`;
}
