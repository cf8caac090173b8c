/** New metrics in OTLP's protobuf, measured first and written into one buffer. */
import {
  delimitedSize,
  textFieldSize,
  varint32Size,
  varint64Size,
  WireWriter,
} from '../../protocol/wire/wire-writer.js';
import type { NewMetric, NewPoint } from '../otlp-document.js';
import { anyValueTags, dataPoints, keyValueTags, metricTags, numberPointTags, scopeMetricsTags } from './tags.js';

/** A tag of one byte, and eight bytes. */
const fixed64Size = 9;

/** A length, as it stands in front of a message. */
export function varint(value: number): Uint8Array {
  const bytes = Buffer.alloc(varint32Size(value));
  new WireWriter(bytes, 0).varint32(value);
  return bytes;
}

/** Fields of `ScopeMetrics`, one a metric. @param source bytes of the input that attributes are copied from */
export function metricFields(source: Uint8Array, metrics: readonly NewMetric[]): Uint8Array {
  const measured = metrics.map(measure);
  const size = measured.reduce((sum, metric) => sum + delimitedSize(metric.size), 0);
  const bytes = Buffer.allocUnsafe(size);
  const writer = new WireWriter(bytes, 0);
  for (const metric of measured) write(writer, source, metric);
  writer.finish(size);
  return bytes;
}

interface Measured {
  metric: NewMetric;
  /** Attributes of our own as fields. Most points of a metric share theirs. */
  own: ReadonlyMap<NewPoint['own'], Uint8Array>;
  pointSizes: number[];
  gaugeSize: number;
  size: number;
}

function measure(metric: NewMetric): Measured {
  const own = new Map<NewPoint['own'], Uint8Array>();
  const pointSizes = metric.points.map((point) => {
    const fields = own.get(point.own) ?? ownFields(point.own);
    own.set(point.own, fields);
    return pointSize(point, fields.byteLength);
  });
  const gaugeSize = pointSizes.reduce((sum, size) => sum + delimitedSize(size), 0);
  const size = textFieldSize(metric.name) + textFieldSize(metric.description) + delimitedSize(gaugeSize);
  return { metric, own, pointSizes, gaugeSize, size };
}

function pointSize({ copied, startTime, time }: NewPoint, ownSize: number): number {
  let size = fixed64Size + (startTime === 0n ? 0 : fixed64Size) + (time === 0n ? 0 : fixed64Size) + ownSize;
  for (const { start, end } of copied) size += delimitedSize(end - start);
  return size;
}

function ownFields(own: NewPoint['own']): Uint8Array {
  const sizes = own.map(({ key, value }) => textFieldSize(key) + delimitedSize(anySize(value)));
  const size = sizes.reduce((sum, one) => sum + delimitedSize(one), 0);
  const bytes = Buffer.allocUnsafe(size);
  const writer = new WireWriter(bytes, 0);
  for (const [index, { key, value }] of own.entries()) {
    writer.delimited(numberPointTags.attributes, sizes[index] as number);
    writer.textField(keyValueTags.key, key);
    writer.delimited(keyValueTags.value, anySize(value));
    if (typeof value === 'string') writer.text(anyValueTags.string, value);
    else {
      writer.byte(anyValueTags.int);
      writer.varint64(...words(value));
    }
  }
  writer.finish(size);
  return bytes;
}

function anySize(value: string | bigint): number {
  // An empty string is written: it is a value, and no value is another.
  if (typeof value === 'string') return delimitedSize(Buffer.byteLength(value));
  const [low, high] = words(value);
  return 1 + varint64Size(low, high);
}

function words(value: bigint): [low: number, high: number] {
  return [Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n))];
}

function write(writer: WireWriter, source: Uint8Array, { metric, own, pointSizes, gaugeSize, size }: Measured): void {
  writer.delimited(scopeMetricsTags.metrics, size);
  writer.textField(metricTags.name, metric.name);
  writer.textField(metricTags.description, metric.description);
  writer.delimited(metricTags.gauge, gaugeSize);
  for (const [index, point] of metric.points.entries()) {
    writer.delimited(dataPoints, pointSizes[index] as number);
    writePoint(writer, source, point);
    writer.raw(own.get(point.own) as Uint8Array);
  }
}

function writePoint(writer: WireWriter, source: Uint8Array, { copied, startTime, time, value }: NewPoint): void {
  if (startTime !== 0n) writeFixed64(writer, numberPointTags.startTime, startTime);
  if (time !== 0n) writeFixed64(writer, numberPointTags.time, time);
  if ('asInt' in value) writeFixed64(writer, numberPointTags.asInt, value.asInt);
  else {
    writer.byte(numberPointTags.asDouble);
    writer.double(value.asDouble);
  }
  for (const { start, end } of copied) {
    writer.delimited(numberPointTags.attributes, end - start);
    writer.raw(source.subarray(start, end));
  }
}

function writeFixed64(writer: WireWriter, tag: number, value: bigint): void {
  writer.byte(tag);
  for (const word of words(value)) for (let shift = 0; shift < 32; shift += 8) writer.byte((word >>> shift) & 0xff);
}
