/** A request of OTLP in both encodings, written and read by means that have nothing in common with the room of metrics. */
import protobuf from 'protobufjs';
import { readProto } from '../../../protocol/proto-source.js';

/** How a request travels. */
export interface OtlpForm {
  format: 'json' | 'protobuf';
  write(request: object): Uint8Array;
  /** The request as JSON has it, with integers of 64 bits and bytes as text. */
  read(bytes: Uint8Array): unknown;
}

let type: protobuf.Type | undefined;

/** The proto file is read where it is needed, since most commands never are. */
function metricsData(): protobuf.Type {
  type ??= protobuf
    .parse(readProto('opentelemetry/metrics.proto'))
    .root.lookupType('opentelemetry.metrics.MetricsData');
  return type;
}

export const otlpForms: OtlpForm[] = [
  {
    format: 'json',
    write: (request) => Buffer.from(JSON.stringify(request)),
    read: (bytes) => JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown,
  },
  {
    format: 'protobuf',
    write: (request) => metricsData().encode(metricsData().fromObject(request)).finish(),
    read: (bytes) => metricsData().toObject(metricsData().decode(bytes), { longs: String, bytes: String, json: true }),
  },
];
