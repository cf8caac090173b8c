/** OTLP in protobuf: reads a request, and says which bytes change where metrics are added. */
import { WireReader } from '../../protocol/wire/wire-reader.js';
import { identityOf, scopeIdentity } from '../identity.js';
import { OtlpInputError } from '../input-error.js';
import type { Attribute, Edit, Metric, NewMetric, OtlpDocument, Point, Range, Scope } from '../otlp-document.js';
import type { DataKind } from '../point-values.js';
import { readPoints } from './protobuf-points.js';
import { keyValue } from './protobuf-values.js';
import { metricFields, varint } from './protobuf-writer.js';
import { metricTags, requestTags, resourceMetricsTags, resourceTags, scopeMetricsTags, scopeTags } from './tags.js';

/** A message inside another: its bytes, and those of its length in front. */
interface Enclosed extends Range {
  lengthAt: number;
}

/** A scope's message, and that of its resource. */
interface Place {
  scope: Enclosed;
  resource: Enclosed;
}

/** A metric whose data stands at these places: a message that comes in parts is one. */
interface ProtobufMetric extends Metric {
  kind: DataKind | undefined;
  dataAt: number[];
}

/** Tags of a metric's data. */
const kindOfTag: ReadonlyMap<number, DataKind> = new Map([
  [metricTags.gauge, 'gauge'],
  [metricTags.sum, 'sum'],
  [metricTags.histogram, 'histogram'],
  [metricTags.exponentialHistogram, 'exponentialHistogram'],
  [metricTags.summary, 'summary'],
]);

/** Throws OtlpInputError for what is no protobuf. */
export function readProtobufDocument(bytes: Uint8Array): OtlpDocument {
  const reader = new WireReader(bytes);
  const metrics: ProtobufMetric[] = [];
  const places = new Map<Scope, Place>();
  readable(reader, () => {
    while (!reader.atEnd) {
      const tag = reader.tag();
      if (tag === requestTags.resourceMetrics) readResourceMetrics(reader, metrics, places);
      else reader.skip(tag);
    }
  });
  return {
    format: 'protobuf',
    bytes,
    metrics,
    points: (metric) => pointsOf(bytes, metric as ProtobufMetric),
    additions: (added) => additions(bytes, places, added),
  };
}

/** Runs what reads; says where it could not. */
function readable(reader: WireReader, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new OtlpInputError(
      `byte ${reader.position}`,
      `expected an ExportMetricsServiceRequest in protobuf, got ${error.message}`,
      { hint: 'for OTLP in JSON, whose first character is {, there is --format json', cause: error },
    );
  }
}

/** Enters the message whose tag was read; `read` gets each field in it. */
function message(reader: WireReader, read: (tag: number) => void): Enclosed {
  const lengthAt = reader.position;
  const outer = reader.enter();
  const enclosed = { lengthAt, start: reader.position, end: reader.end };
  while (!reader.atEnd) read(reader.tag());
  reader.leave(outer);
  return enclosed;
}

function readResourceMetrics(reader: WireReader, metrics: ProtobufMetric[], places: Map<Scope, Place>): void {
  const attributes: Attribute[] = [];
  const scopes = new Map<Scope, Enclosed>();
  const resource = message(reader, (tag) => {
    if (tag === resourceMetricsTags.resource) {
      message(reader, (inner) => {
        if (inner === resourceTags.attributes) attributes.push(keyValue(reader));
        else reader.skip(inner);
      });
    } else if (tag === resourceMetricsTags.scopeMetrics) {
      const scope: Scope = { index: places.size + scopes.size, resource: '', identity: '' };
      scopes.set(scope, readScopeMetrics(reader, scope, metrics));
    } else reader.skip(tag);
  });
  // The resource may come behind its scopes.
  const identity = identityOf(attributes);
  for (const [scope, enclosed] of scopes) {
    scope.resource = identity;
    places.set(scope, { scope: enclosed, resource });
  }
}

function readScopeMetrics(reader: WireReader, scope: Scope, metrics: ProtobufMetric[]): Enclosed {
  const attributes: Attribute[] = [];
  const named = { name: '', version: '' };
  const enclosed = message(reader, (tag) => {
    if (tag === scopeMetricsTags.scope) {
      message(reader, (inner) => {
        if (inner === scopeTags.name) named.name = reader.text();
        else if (inner === scopeTags.version) named.version = reader.text();
        else if (inner === scopeTags.attributes) attributes.push(keyValue(reader));
        else reader.skip(inner);
      });
    } else if (tag === scopeMetricsTags.metrics) metrics.push(readMetric(reader, scope));
    else reader.skip(tag);
  });
  const { name, version } = named;
  scope.identity = scopeIdentity(name, version, identityOf(attributes));
  return enclosed;
}

function readMetric(reader: WireReader, scope: Scope): ProtobufMetric {
  const metric: ProtobufMetric = { name: '', scope, start: 0, end: 0, kind: undefined, dataAt: [] };
  const { start, end } = message(reader, (tag) => {
    const kind = kindOfTag.get(tag);
    if (tag === metricTags.name) metric.name = reader.text();
    else if (kind === undefined) reader.skip(tag);
    else {
      // Of a oneof, the member that comes last.
      if (metric.kind !== kind) metric.dataAt = [];
      metric.kind = kind;
      metric.dataAt.push(reader.position);
      reader.skip(tag);
    }
  });
  return Object.assign(metric, { start, end });
}

function pointsOf(bytes: Uint8Array, { kind, dataAt, scope }: ProtobufMetric): Point[] {
  const points: Point[] = [];
  if (kind === undefined) return points;
  const reader = new WireReader(bytes);
  readable(reader, () => {
    for (const position of dataAt) {
      reader.position = position;
      readPoints(reader, kind, scope, points);
    }
  });
  return points;
}

/** New fields at the end of each scope, and the lengths of what encloses them. */
function additions(
  bytes: Uint8Array,
  places: ReadonlyMap<Scope, Place>,
  added: ReadonlyMap<Scope, readonly NewMetric[]>,
): Edit[] {
  const edits: Edit[] = [];
  const grown = new Map<Enclosed, number>();
  const grow = (enclosed: Enclosed, by: number) => grown.set(enclosed, (grown.get(enclosed) ?? 0) + by);
  for (const [scope, metrics] of added) {
    const place = places.get(scope);
    if (place === undefined || metrics.length === 0) continue;
    const inserted = metricFields(bytes, metrics);
    edits.push({ start: place.scope.end, end: place.scope.end, bytes: inserted });
    const length = lengthEdit(place.scope, inserted.byteLength);
    edits.push(length);
    grow(place.resource, inserted.byteLength + length.bytes.byteLength - (length.end - length.start));
  }
  for (const [resource, by] of grown) edits.push(lengthEdit(resource, by));
  // A scope that ends where the next one's length would begin is edited first.
  return edits.sort((one, other) => one.start - other.start || one.end - other.end);
}

/** The length of a message that grows. */
function lengthEdit({ lengthAt, start, end }: Enclosed, by: number): Edit {
  return { start: lengthAt, end: start, bytes: varint(end - start + by) };
}
