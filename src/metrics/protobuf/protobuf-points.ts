/** Data points of OTLP in protobuf, of every kind of metric. */
import type { WireReader } from '../../protocol/wire/wire-reader.js';
import type { Attribute, Point, Scope } from '../otlp-document.js';
import { type Buckets, type DataKind, emptyFields, type PointFields, valuesOf } from '../point-values.js';
import {
  fixed64,
  integerOf,
  keyValue,
  nanoseconds,
  packedFixed64,
  packedVarints,
  signedOf,
  sint32,
  uint32,
} from './protobuf-values.js';
import {
  bucketsTags,
  dataPoints,
  distributionTags,
  exponentialPointTags,
  histogramPointTags,
  numberPointTags,
  quantileTags,
  summaryPointTags,
} from './tags.js';

/** Reads the points of a metric's data, whose length the reader stands before. Throws RangeError. */
export function readPoints(reader: WireReader, kind: DataKind, scope: Scope, into: Point[]): void {
  const outer = reader.enter();
  while (!reader.atEnd) {
    const tag = reader.tag();
    if (tag === dataPoints) into.push(readPoint(reader, kind, scope));
    else reader.skip(tag);
  }
  reader.leave(outer);
}

const attributesTags: Record<DataKind, number> = {
  gauge: numberPointTags.attributes,
  sum: numberPointTags.attributes,
  histogram: histogramPointTags.attributes,
  exponentialHistogram: exponentialPointTags.attributes,
  summary: summaryPointTags.attributes,
};

/** Reads the field of the tag into the fields, or returns false. */
type FieldReader = (tag: number, reader: WireReader, fields: PointFields) => boolean;

const fieldReaders: Record<DataKind, FieldReader> = {
  gauge: numberField,
  sum: numberField,
  histogram: histogramField,
  exponentialHistogram: exponentialField,
  summary: summaryField,
};

function readPoint(reader: WireReader, kind: DataKind, scope: Scope): Point {
  const attributesTag = attributesTags[kind];
  const readField = fieldReaders[kind];
  const fields = emptyFields();
  const attributes: Attribute[] = [];
  let [startTime, time] = [0n, 0n];
  const outer = reader.enter();
  while (!reader.atEnd) {
    const tag = reader.tag();
    if (tag === attributesTag) attributes.push(keyValue(reader));
    else if (tag === distributionTags.time) time = nanoseconds(reader);
    else if (tag === distributionTags.startTime) startTime = nanoseconds(reader);
    else if (!readField(tag, reader, fields)) reader.skip(tag);
  }
  reader.leave(outer);
  return { scope, attributes, startTime, time, values: valuesOf(kind, fields) };
}

/** Of the oneof of both kinds of value the one that comes last counts. */
function numberField(tag: number, reader: WireReader, fields: PointFields): boolean {
  if (tag === numberPointTags.asDouble) {
    fields.asDouble = reader.double();
    fields.asInt = undefined;
  } else if (tag === numberPointTags.asInt) {
    fields.asInt = fixed64(reader, signedOf);
  } else if (tag === numberPointTags.flags) fields.flags = uint32(reader);
  else return false;
  return true;
}

function distributionField(tag: number, reader: WireReader, fields: PointFields): boolean {
  if (tag === distributionTags.count) fields.count = fixed64(reader, integerOf);
  else if (tag === distributionTags.sum) fields.sum = reader.double();
  else return false;
  return true;
}

function histogramField(tag: number, reader: WireReader, fields: PointFields): boolean {
  if (tag === histogramPointTags.packedBucketCounts) packedFixed64(reader, fields.bucketCounts);
  else if (tag === histogramPointTags.bucketCount) fields.bucketCounts.push(fixed64(reader, integerOf));
  else if (tag === histogramPointTags.flags) fields.flags = uint32(reader);
  else return distributionField(tag, reader, fields);
  return true;
}

function exponentialField(tag: number, reader: WireReader, fields: PointFields): boolean {
  if (tag === exponentialPointTags.scale) fields.scale = sint32(reader);
  else if (tag === exponentialPointTags.zeroCount) fields.zeroCount = fixed64(reader, integerOf);
  else if (tag === exponentialPointTags.positive) readBuckets(reader, fields.positive);
  else if (tag === exponentialPointTags.negative) readBuckets(reader, fields.negative);
  else if (tag === exponentialPointTags.flags) fields.flags = uint32(reader);
  else return distributionField(tag, reader, fields);
  return true;
}

function summaryField(tag: number, reader: WireReader, fields: PointFields): boolean {
  if (tag === summaryPointTags.quantileValues) fields.quantiles.push(readQuantile(reader));
  else if (tag === summaryPointTags.flags) fields.flags = uint32(reader);
  else return distributionField(tag, reader, fields);
  return true;
}

/** A message that comes in two parts is one: its counts are joined. */
function readBuckets(reader: WireReader, into: Buckets): void {
  const outer = reader.enter();
  while (!reader.atEnd) {
    const tag = reader.tag();
    if (tag === bucketsTags.offset) into.offset = sint32(reader);
    else if (tag === bucketsTags.packedCounts) packedVarints(reader, into.counts);
    else if (tag === bucketsTags.count) {
      reader.varint();
      into.counts.push(integerOf(reader.low, reader.high));
    } else reader.skip(tag);
  }
  reader.leave(outer);
}

function readQuantile(reader: WireReader): { quantile: number; value: number } {
  const read = { quantile: 0, value: 0 };
  const outer = reader.enter();
  while (!reader.atEnd) {
    const tag = reader.tag();
    if (tag === quantileTags.quantile) read.quantile = reader.double();
    else if (tag === quantileTags.value) read.value = reader.double();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return read;
}
