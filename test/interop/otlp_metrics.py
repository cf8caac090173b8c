"""Sends metrics of every kind, made with OpenTelemetry's own messages, through `kserve-env metrics`, and reads what comes out."""

import json
import pathlib
import subprocess
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1 import metrics_pb2 as otlp

_, grpc, _ = sys.argv
PROGRAM = str(pathlib.Path(__file__).parents[2] / "bin" / "kserve-env.js")
NAMES = ["t.gauge", "t.sum", "t.histogram", "t.exponential", "t.summary"]


def attributes(**pairs):
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in pairs.items()]


def request():
    """One resource with a metric of every kind."""
    made = ExportMetricsServiceRequest()
    resource = made.resource_metrics.add()
    resource.resource.attributes.extend(attributes(**{"host.name": "interop"}))
    scope = resource.scope_metrics.add()
    gauge, total, histogram, exponential, summary = (scope.metrics.add(name=name) for name in NAMES)
    for cpu in ("0", "1"):
        gauge.gauge.data_points.add(attributes=attributes(cpu=cpu), time_unix_nano=7, as_double=0.5 + int(cpu))
    total.sum.data_points.add(time_unix_nano=7, start_time_unix_nano=3, as_int=-(2**53))
    histogram.histogram.data_points.add(count=3, sum=4.5, bucket_counts=[1, 2], explicit_bounds=[1.0])
    point = exponential.exponential_histogram.data_points.add(count=4, sum=7.0, scale=-1, zero_count=1)
    point.positive.offset, point.negative.offset = 2, -3
    point.positive.bucket_counts.extend([1, 2])
    summary.summary.data_points.add(count=2, sum=3.0).quantile_values.add(quantile=0.5, value=1.5)
    return made


def run(data, output):
    """What the program makes of the bytes."""
    rules = [word for name in NAMES for word in ("--rule", f"simple_scaler={name}")]
    command = ["node", PROGRAM, "metrics", "--input", "-", "--endpoint", grpc, *rules]
    ended = subprocess.run(command, input=data, capture_output=True, timeout=30, check=False)
    if ended.returncode != 0:
        raise SystemExit(ended.stderr.decode())
    return output(ended.stdout)


def from_json(data):
    return json_format.Parse(data, ExportMetricsServiceRequest())


def metrics(made):
    return list(made.resource_metrics[0].scope_metrics[0].metrics)


def report(before, after):
    """The originals as they were, the values of the new ones, and all there is of one new point."""
    kept, added = metrics(after)[: len(NAMES)], metrics(after)[len(NAMES) :]
    first = added[0].gauge.data_points[1]
    return {
        "unchanged": [one.SerializeToString() for one in kept] == [one.SerializeToString() for one in metrics(before)],
        "values": {one.name: [point.as_double for point in one.gauge.data_points] for one in added},
        "attributes": {one.key: one.value.string_value for one in first.attributes},
        "time": first.time_unix_nano,
        "start": added[1].gauge.data_points[0].start_time_unix_nano,
    }


sent = request()
# A field that no version of OTLP has: number 500, of bytes.
unknown = bytes([0xA2, 0x1F, 3]) + b"new"
binary = run(sent.SerializeToString() + unknown, ExportMetricsServiceRequest.FromString)
print(
    json.dumps(
        {
            "protobuf": report(sent, binary),
            "json": report(sent, run(json_format.MessageToJson(sent).encode(), from_json)),
            "unknownKept": binary.SerializeToString().endswith(unknown),
        }
    )
)
