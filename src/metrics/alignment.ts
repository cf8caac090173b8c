/**
 * Which points of several metrics go together. Within a resource the source is the first metric that has several series
 * there, else the first metric. A metric with one series only is broadcast: each row of the source gets its value as of
 * the row's time. Of any other metric the series with the same attributes has to have a point of the same time.
 */
import { groupBy } from './group-by.js';
import type { Leave } from './left-out.js';
import type { Point } from './otlp-document.js';
import type { Mode } from './rules.js';
import { describeSeries, type PlacedPoint, type Series } from './series.js';

/** What one place of the tensors comes from. */
export interface Row {
  /** Says the attributes, times and scope of the result. */
  source: Point;
  /** Place of the source among the points of its metric. */
  order: number;
  /** One for each metric of the rule; all have values. */
  points: readonly Point[];
}

/** Rows of one series of the source, in the order of the input; in a window in the order of time. */
export interface SeriesRows {
  resource: string;
  rows: Row[];
}

/** A metric of a rule, and all of its series. */
export interface Input {
  name: string;
  series: readonly Series[];
}

/** The rows of a rule. Each input has at least one series. */
export function alignRows(inputs: readonly Input[], mode: Mode, leave: Leave): SeriesRows[] {
  const byResource = inputs.map(({ series }) => groupBy(series, ({ resource }) => resource));
  return resourcesOf(inputs).flatMap((resource) => {
    const lists = inputs.map(({ series }, index) => {
      return byResource[index]?.get(resource) ?? (series.length === 1 ? series : []);
    });
    const missing = lists.findIndex((list) => list.length === 0);
    if (missing === -1) return alignResource(inputs, lists, resource, mode, leave);
    for (const [index, list] of lists.entries()) {
      for (const series of list.filter((candidate) => candidate.resource === resource)) {
        leave('not-aligned', () => {
          return `${inputs[missing]?.name} has no series in the resource of ${describeSeries(inputs[index]?.name ?? '', series)}`;
        });
      }
    }
    return [];
  });
}

/** Where something is to be inferred: a metric with one series in all is at home in every resource. */
function resourcesOf(inputs: readonly Input[]): string[] {
  const several = inputs.filter(({ series }) => series.length > 1);
  const leading = several.length > 0 ? several : inputs.slice(0, 1);
  return [...new Set(leading.flatMap(({ series }) => series.map(({ resource }) => resource)))];
}

/** How one metric follows the source. */
type Follower = (series: Series, time: bigint) => Point | undefined;

function alignResource(
  inputs: readonly Input[],
  lists: readonly (readonly Series[])[],
  resource: string,
  mode: Mode,
  leave: Leave,
): SeriesRows[] {
  const wide = lists.findIndex((list) => list.length > 1);
  const source = wide === -1 ? lists.findIndex((list) => list[0]?.resource === resource) : wide;
  const used = new Set<Series>();
  const partners = lists.map((list, index) => (index === source ? undefined : partnersIn(list, used)));
  const found = (lists[source] ?? []).flatMap((series): SeriesRows[] => {
    const others: (Follower | undefined)[] = [];
    for (const [index, partner] of partners.entries()) {
      const follower = partner?.(series);
      if (partner && follower === undefined) {
        leave('not-aligned', () => {
          const one = describeSeries(inputs[source]?.name ?? '', series);
          return `${inputs[index]?.name} has no series with the attributes of ${one}`;
        });
        return [];
      }
      others.push(follower);
    }
    const rows = rowsOf(series, others, mode, (reason, words) => {
      leave(reason, () => `${describeSeries(inputs[source]?.name ?? '', series)} ${words()}`);
    });
    return rows.length === 0 ? [] : [{ resource, rows }];
  });
  for (const [index, list] of lists.entries()) {
    if (index === source || list.length === 1) continue;
    for (const series of list.filter((candidate) => !used.has(candidate))) {
      leave('not-aligned', () => {
        const one = describeSeries(inputs[index]?.name ?? '', series);
        return `${inputs[source]?.name} has no series with the attributes of ${one}`;
      });
    }
  }
  return found;
}

/** Finds the series that goes with one of the source, and how to get a point of it. */
function partnersIn(list: readonly Series[], used: Set<Series>): (series: Series) => Follower | undefined {
  const [only] = list;
  if (only !== undefined && list.length === 1) {
    const points = only.points.map(({ point }) => point).filter(({ values }) => values !== undefined);
    const sorted = points.sort((one, other) => compareTimes(one.time, other.time));
    return () => (_series, time) => asOf(sorted, time);
  }
  const byAttributes = groupBy(list, ({ attributes }) => attributes);
  return (series) => {
    const candidates = byAttributes.get(series.attributes) ?? [];
    // Of the same attributes in several scopes only the one in the scope of the source is meant for certain.
    const partner = candidates.find(({ scope }) => scope === series.scope) ?? candidates[0];
    if (partner === undefined || (candidates.length > 1 && partner.scope !== series.scope)) return undefined;
    used.add(partner);
    const byTime = new Map(partner.points.map(({ point }) => [point.time, point]));
    return (_series, time) => byTime.get(time);
  };
}

/** The last point up to the time, else the first one after it. @param sorted by time */
function asOf(sorted: readonly Point[], time: bigint): Point | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as Point).time <= time) low = middle + 1;
    else high = middle;
  }
  return sorted[Math.max(0, low - 1)];
}

function rowsOf(series: Series, others: readonly (Follower | undefined)[], mode: Mode, leave: Leave): Row[] {
  const row = ({ point, order }: PlacedPoint): Row | 'no-value' | 'not-aligned' => {
    const points = others.map((follower) => (follower === undefined ? point : follower(series, point.time)));
    if (!points.every((candidate) => candidate !== undefined)) return 'not-aligned';
    if (points.some(({ values }) => values === undefined)) return 'no-value';
    return { source: point, order, points };
  };
  const reasons = {
    'no-value': 'has a point without a value',
    'not-aligned': 'has a point that no other one goes with',
  };
  if (mode.kind === 'latest') {
    let reason: 'no-value' | 'not-aligned' = 'not-aligned';
    for (const placed of byTime(series.points).reverse()) {
      const candidate = row(placed);
      if (typeof candidate === 'object') return [candidate];
      // A series that ends with "no value" has ended: what was before is not its latest value.
      if (candidate === 'no-value') {
        reason = candidate;
        break;
      }
    }
    leave(reason, () => reasons[reason]);
    return [];
  }
  const rows: Row[] = [];
  for (const placed of mode.kind === 'window' ? byTime(series.points) : series.points) {
    const candidate = row(placed);
    if (typeof candidate === 'object') rows.push(candidate);
    else leave(candidate, () => reasons[candidate]);
  }
  if (mode.kind === 'all') return rows;
  if (rows.length >= mode.size) return rows.slice(-mode.size);
  leave('short-window', () => `has ${rows.length} of the ${mode.size} points of a window`);
  return [];
}

/** Of equal times the later one in the input counts as newer. */
function byTime(points: readonly PlacedPoint[]): PlacedPoint[] {
  return points.toSorted((one, other) => compareTimes(one.point.time, other.point.time));
}

function compareTimes(one: bigint, other: bigint): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
