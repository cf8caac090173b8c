/** Data points of OTLP/JSON, of every kind of metric. */
import type { Attribute, Point, Scope } from '../otlp-document.js';
import { type Buckets, type DataKind, emptyFields, type Integer, type PointFields, valuesOf } from '../point-values.js';
import type { JsonCursor } from './json-cursor.js';
import { attributes, double, int64, integer, list, nanoseconds, uint64 } from './json-values.js';

/** Reads the data of a metric, which the cursor stands before. Throws OtlpInputError. */
export function readPoints(cursor: JsonCursor, kind: DataKind, scope: Scope): Point[] {
  let points: Point[] = [];
  const readField = kind === 'gauge' || kind === 'sum' ? numberField : distributionField;
  cursor.object((key) => {
    if (key === 'dataPoints') points = list(cursor, key, () => readPoint(cursor, kind, readField, scope));
    else cursor.skip();
  }, kind);
  return points;
}

/** Reads the value of the key into the fields, or returns false. */
type FieldReader = (key: string, cursor: JsonCursor, fields: PointFields) => boolean;

function numberField(key: string, cursor: JsonCursor, fields: PointFields): boolean {
  if (key === 'asInt') fields.asInt = integer(cursor, key, int64);
  else if (key === 'asDouble') fields.asDouble = double(cursor, key);
  else return false;
  return true;
}

/** Of all distributions: none has a field of this name with another meaning. */
function distributionField(key: string, cursor: JsonCursor, fields: PointFields): boolean {
  if (key === 'count' || key === 'zeroCount') fields[key] = unsigned(cursor, key);
  else if (key === 'sum') fields.sum = double(cursor, key);
  else if (key === 'bucketCounts') fields.bucketCounts = counts(cursor);
  else if (key === 'scale') fields.scale = small(cursor, key);
  else if (key === 'positive' || key === 'negative') fields[key] = buckets(cursor, key);
  else if (key === 'quantileValues') fields.quantiles = list(cursor, key, quantile);
  else return false;
  return true;
}

function readPoint(cursor: JsonCursor, kind: DataKind, readField: FieldReader, scope: Scope): Point {
  const fields = emptyFields();
  let own: Attribute[] = [];
  let [startTime, time] = [0n, 0n];
  cursor.object((key) => {
    if (key === 'attributes') own = attributes(cursor, key);
    else if (key === 'timeUnixNano') time = nanoseconds(cursor, key);
    else if (key === 'startTimeUnixNano') startTime = nanoseconds(cursor, key);
    else if (key === 'flags') fields.flags = small(cursor, key);
    else if (!readField(key, cursor, fields)) cursor.skip();
  }, 'a data point');
  return { scope, attributes: own, startTime, time, values: valuesOf(kind, fields) };
}

/** An integer of at most 32 bits. */
function small(cursor: JsonCursor, what: string): number {
  return Number(integer(cursor, what, { least: -(2n ** 31n), most: 2n ** 32n - 1n }) ?? 0);
}

function unsigned(cursor: JsonCursor, what: string): Integer {
  return integer(cursor, what, uint64) ?? 0;
}

function counts(cursor: JsonCursor): Integer[] {
  return list(cursor, 'bucketCounts', () => unsigned(cursor, 'bucketCounts'));
}

function buckets(cursor: JsonCursor, what: string): Buckets {
  const read: Buckets = { offset: 0, counts: [] };
  cursor.object((key) => {
    if (key === 'offset') read.offset = small(cursor, key);
    else if (key === 'bucketCounts') read.counts = counts(cursor);
    else cursor.skip();
  }, what);
  return read;
}

function quantile(cursor: JsonCursor): { quantile: number; value: number } {
  const read = { quantile: 0, value: 0 };
  cursor.object((key) => {
    if (key === 'quantile' || key === 'value') read[key] = double(cursor, key) ?? 0;
    else cursor.skip();
  }, 'quantileValues');
  return read;
}
