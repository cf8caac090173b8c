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
  const found: Series[] = [];
  const byScope = new Map<string, Map<string, Series>>();
  const known = new Map<Scope, Map<string, Series>>();
  for (const [order, point] of points.entries()) {
    const { scope } = point;
    let ofScope = known.get(scope);
    if (ofScope === undefined) {
      // Scopes that are equal have their series in common.
      const key = counted(scope.resource) + scope.identity;
      ofScope = byScope.get(key) ?? new Map();
      byScope.set(key, ofScope);
      known.set(scope, ofScope);
    }
    const attributes = identityOf(point.attributes);
    const series = ofScope.get(attributes);
    if (series) series.points.push({ point, order });
    else {
      const made = { resource: scope.resource, scope: scope.identity, attributes, points: [{ point, order }] };
      ofScope.set(attributes, made);
      found.push(made);
    }
  }
  return found;
}

/** `system.cpu.utilization{cpu=0, state=idle}`, for people. */
export function describeSeries(name: string, { points }: Series): string {
  return `${name}${attributesForPeople(points[0]?.point.attributes ?? [])}`;
}
