/** OTLP/JSON: reads requests, one or several one after another, and says where metrics can be added. */
import { identityOf, scopeIdentity } from '../identity.js';
import { OtlpInputError } from '../input-error.js';
import type { Edit, Metric, NewMetric, OtlpDocument, Point, Scope } from '../otlp-document.js';
import { type DataKind, dataKinds } from '../point-values.js';
import { JsonCursor } from './json-cursor.js';
import { readPoints } from './json-points.js';
import { attributes } from './json-values.js';
import { metricText } from './json-writer.js';

/** Where a scope takes metrics. */
interface Place {
  /** Behind its last metric, or behind the bracket. */
  at: number;
  empty: boolean;
  /** White space in front of a metric. */
  indent: string;
}

/** A metric whose data stands at `dataAt`. */
interface JsonMetric extends Metric {
  kind: DataKind | undefined;
  dataAt: number;
}

const kinds: ReadonlySet<string> = new Set(dataKinds);

/** Signals of OTLP that are no metrics, by the field that they have instead. */
const otherSignals: ReadonlyMap<string, string> = new Map([
  ['resourceSpans', 'traces'],
  ['resourceLogs', 'logs'],
  ['resourceProfiles', 'profiles'],
]);

/** More characters no string of V8 has. */
const mostBytes = 2 ** 29 - 24;

/** Throws OtlpInputError for what is no JSON, or no OTLP metrics. */
export function readJsonDocument(bytes: Uint8Array): OtlpDocument {
  if (bytes.byteLength > mostBytes) {
    throw new OtlpInputError(`byte ${mostBytes}`, 'expected less than 512 MiB of JSON', {
      hint: 'split it, or use protobuf',
    });
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const reader = new Reader(text);
  do reader.request();
  while (!reader.cursor.atEnd());
  const { metrics, places } = reader;
  return {
    format: 'json',
    bytes,
    metrics,
    points: (metric) => pointsOf(text, metric as JsonMetric),
    additions: (added) => additions(text, places, added),
  };
}

function pointsOf(text: string, { kind, dataAt, scope }: JsonMetric): Point[] {
  return kind === undefined ? [] : readPoints(new JsonCursor(text, dataAt), kind, scope);
}

function additions(
  text: string,
  places: ReadonlyMap<Scope, Place>,
  added: ReadonlyMap<Scope, readonly NewMetric[]>,
): Edit[] {
  const edits: Edit[] = [];
  for (const [scope, metrics] of added) {
    const place = places.get(scope);
    if (place === undefined || metrics.length === 0) continue;
    const { at, empty, indent } = place;
    const inserted = metrics.map((metric) => indent + metricText(text, metric)).join(',');
    edits.push({ start: at, end: at, bytes: Buffer.from(empty ? inserted : `,${inserted}`, 'latin1') });
  }
  return edits.sort((one, other) => one.start - other.start);
}

class Reader {
  readonly cursor: JsonCursor;
  readonly metrics: JsonMetric[] = [];
  readonly places = new Map<Scope, Place>();
  private scopes = 0;

  constructor(text: string) {
    this.cursor = new JsonCursor(text);
  }

  request(): void {
    const { cursor } = this;
    if (cursor.peek() !== '{') cursor.fail('an object with resourceMetrics');
    let metrics = false;
    let other: string | undefined;
    const start = cursor.position;
    cursor.object((key) => {
      if (key === 'resourceMetrics') {
        metrics = true;
        cursor.array(() => this.resourceMetrics(), key);
      } else {
        if (otherSignals.has(key)) other = key;
        cursor.skip();
      }
    }, 'a request');
    if (other !== undefined && !metrics) {
      cursor.fail(`resourceMetrics, and not ${otherSignals.get(other)} (${other})`, start);
    }
  }

  private resourceMetrics(): void {
    const { cursor } = this;
    let resource = '';
    const scopes: Scope[] = [];
    cursor.object((key) => {
      if (key === 'resource') resource = this.attributesOf(key).identity;
      else if (key === 'scopeMetrics') cursor.array(() => scopes.push(this.scopeMetrics()), key);
      else cursor.skip();
    }, 'resourceMetrics');
    // The resource may come behind its scopes.
    for (const scope of scopes) scope.resource = resource;
  }

  private scopeMetrics(): Scope {
    const { cursor } = this;
    const scope: Scope = { index: this.scopes++, resource: '', identity: '' };
    cursor.object((key) => {
      if (key === 'scope') {
        const { identity, name, version } = this.attributesOf(key);
        scope.identity = scopeIdentity(name, version, identity);
      } else if (key === 'metrics') this.metricsOf(scope);
      else cursor.skip();
    }, 'scopeMetrics');
    return scope;
  }

  /** Of a resource or a scope: what makes it the same as another. */
  private attributesOf(what: string): { identity: string; name: string; version: string } {
    const { cursor } = this;
    const found = { identity: '', name: '', version: '' };
    cursor.object((key) => {
      if (key === 'attributes') found.identity = identityOf(attributes(cursor, key));
      else if (key === 'name' || key === 'version')
        found[key] = cursor.isNull() ? '' : cursor.string(`a string (${key})`);
      else cursor.skip();
    }, what);
    return found;
  }

  private metricsOf(scope: Scope): void {
    const { cursor } = this;
    if (cursor.isNull()) return;
    cursor.peek();
    const place: Place = { at: cursor.position + 1, empty: true, indent: '' };
    cursor.array(() => {
      cursor.peek();
      const metric = this.metric(scope);
      Object.assign(place, { at: metric.end, empty: false, indent: spaceBefore(cursor.text, metric.start) });
      this.metrics.push(metric);
    }, 'metrics');
    this.places.set(scope, place);
  }

  private metric(scope: Scope): JsonMetric {
    const { cursor } = this;
    const metric: JsonMetric = { name: '', scope, start: cursor.position, end: 0, kind: undefined, dataAt: 0 };
    cursor.object((key) => {
      if (key === 'name') metric.name = cursor.isNull() ? '' : cursor.string('a string (name)');
      else if (kinds.has(key)) {
        if (cursor.isNull()) return;
        metric.kind = key as DataKind;
        metric.dataAt = cursor.skip();
      } else cursor.skip();
    }, 'a metric');
    metric.end = cursor.position;
    return metric;
  }
}

function spaceBefore(text: string, at: number): string {
  let start = at;
  while (' \n\r\t'.includes(text.charAt(start - 1)) && start > 0) start--;
  return text.slice(start, at);
}
