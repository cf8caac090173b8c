/** OTLP metrics as they were read: where everything stands in the input's bytes, so that nothing has to be written anew. */

/**
 * Encodings of `ExportMetricsServiceRequest`, which has the fields of `MetricsData`.
 * Source: https://opentelemetry.io/docs/specs/otlp/ (binary and JSON Protobuf encoding)
 */
export type OtlpFormat = 'json' | 'protobuf';

/** Bytes of the input, from `start` up to `end`. */
export interface Range {
  start: number;
  end: number;
}

/** An attribute (`KeyValue`); its range is the message as the input has it, and is copied as it is. */
export interface Attribute extends Range {
  key: string;
  /** The value with its type, in one form for both formats: two attributes with the same text are equal. */
  value: string;
}

/** A value that no double holds, and where it stands. */
export interface InexactValue {
  /** The field, such as `asInt`. */
  field: string;
  /** The integer as the input has it. */
  value: string;
}

/**
 * Elements that a data point puts into a tensor; undefined for a point without a value (flag NO_RECORDED_VALUE, or
 * neither an integer nor a double).
 */
export type PointValues = readonly number[] | InexactValue | undefined;

/** A data point of any kind of metric. */
export interface Point {
  scope: Scope;
  attributes: readonly Attribute[];
  /** Nanoseconds since 1970; 0 for none. */
  startTime: bigint;
  /** Nanoseconds since 1970; 0 for none. */
  time: bigint;
  values: PointValues;
}

/** One `ScopeMetrics` of one `ResourceMetrics`. */
export interface Scope {
  /** Its place among all scopes of the document. */
  index: number;
  /** Equal for equal attributes of the resource. */
  resource: string;
  /** Equal for equal name, version and attributes of the scope. */
  identity: string;
}

/** A metric of the input; its range is all of its message. */
export interface Metric extends Range {
  name: string;
  scope: Scope;
}

/** A value of a new data point. */
export type NewValue = { asInt: bigint } | { asDouble: number };

/** A data point to be added. */
export interface NewPoint {
  /** Attributes of the input that are copied. */
  copied: readonly Attribute[];
  /** Attributes of our own. */
  own: readonly { key: string; value: string | bigint }[];
  startTime: bigint;
  time: bigint;
  value: NewValue;
}

/** A Gauge to be added to a scope. */
export interface NewMetric {
  name: string;
  description: string;
  points: readonly NewPoint[];
}

/** A part of the input that is replaced by bytes; an empty range is an insertion. */
export interface Edit extends Range {
  bytes: Uint8Array;
}

/** A request, or several one after another in JSON, with the points read where they are asked for. */
export interface OtlpDocument {
  format: OtlpFormat;
  bytes: Uint8Array;
  /** In the order of the input. */
  metrics: readonly Metric[];
  /** Throws OtlpInputError where the metric is not as OTLP says. */
  points(metric: Metric): Point[];
  /** What adds metrics at the end of their scopes and leaves every other metric as it is, in the order of the input. */
  additions(added: ReadonlyMap<Scope, readonly NewMetric[]>): Edit[];
}

/** Whether a value is one that no double holds. */
export function isInexact(values: PointValues): values is InexactValue {
  return values !== undefined && !Array.isArray(values);
}
