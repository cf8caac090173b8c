"""Inference by each client of tritonclient, binary and JSON.

Usage: tritonclient_infer.py <gRPC host:port> <REST host:port>
"""

import numpy as np
from tritonclients import plain, print_report, refusal

# Values with the edges of each datatype; FP16 has no typed form on the wire, BYTES is an array of objects.
IDENTITY_SAMPLES = {
    "BOOL": np.array([True, False, True]),
    "INT8": np.array([-128, 0, 127], dtype=np.int8),
    "INT16": np.array([-32768, 0, 32767], dtype=np.int16),
    "INT32": np.array([-(2**31), 0, 2**31 - 1], dtype=np.int32),
    "INT64": np.array([-(2**63), 2**53 + 1, 2**63 - 1], dtype=np.int64),
    "UINT8": np.array([0, 255], dtype=np.uint8),
    "UINT16": np.array([0, 65535], dtype=np.uint16),
    "UINT32": np.array([0, 2**32 - 1], dtype=np.uint32),
    "UINT64": np.array([0, 2**53 + 1, 2**64 - 1], dtype=np.uint64),
    "FP16": np.array([1.0, -2.0, 65504.0, 2.0**-24], dtype=np.float16),
    "FP32": np.array([0.0, -0.0, 1.5, np.inf, np.nan], dtype=np.float32),
    "FP64": np.array([0.0, -0.0, 0.1, -np.inf, np.nan], dtype=np.float64),
    "BYTES": np.array([b"", b"a", "gr\u00fc\u00dfe".encode(), b"\x00\xff"], dtype=np.object_),
}
# JSON has no word for NaN, and its text cannot hold bytes that are no UTF-8; FP16 has no JSON form at all.
JSON_SAMPLES = {
    **{name: array for name, array in IDENTITY_SAMPLES.items() if name != "FP16"},
    "FP32": np.array([0.0, -0.0, 1.5, -(2.0**-149)], dtype=np.float32),
    "FP64": np.array([0.0, -0.0, 0.1, 1.7976931348623157e308], dtype=np.float64),
    "BYTES": np.array([b"", b"a", "gr\u00fc\u00dfe".encode()], dtype=np.object_),
}


def same_bits(left, right):
    """Equality that tells -0 from 0 and lets NaN equal NaN. HTTP JSON gives BYTES back as text."""
    if left.shape != right.shape:
        return False
    if left.dtype == np.object_:
        as_bytes = lambda value: value.encode() if isinstance(value, str) else value
        return [as_bytes(value) for value in left.flatten()] == [as_bytes(value) for value in right.flatten()]
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()


async def identity(client, binary):
    """Which datatypes came back bit for bit, as a vector, as a matrix and without an element."""
    verdicts = {}
    for datatype, vector in (IDENTITY_SAMPLES if binary else JSON_SAMPLES).items():
        same = []
        for array in [vector, np.stack([vector, vector]), vector[:0].reshape(0, 2)]:
            answer = await client.infer("identity", [("input_tensor", datatype, array)], ["output_tensor"], binary)
            same.append(same_bits(array, answer.as_numpy("output_tensor")))
        verdicts[datatype] = all(same)
    return verdicts


def request_id(client, answer):
    return answer.get_response()["id"] if client.over_http else answer.get_response().id


async def infers(client, binary):
    """What a client does in one form, with a model of each sort."""
    scaled = await client.infer(
        "simple_scaler",
        [("input_tensor", "FP64", np.array([1, -2.5, 3]))],
        ["scaled_result"],
        binary,
        request_id="interop",
        sequence_id=7,
        sequence_start=True,
        priority=1,
        timeout=5_000_000,
        parameters={"scale_factor": 3.0},
    )
    first = np.arange(16, dtype=np.int32).reshape(1, 16)
    second = np.ones((1, 16), dtype=np.int32)
    pair = [("INPUT0", "INT32", first), ("INPUT1", "INT32", second)]
    both = await client.infer("simple", pair, ["OUTPUT0", "OUTPUT1"], binary)
    one = await client.infer("simple", pair, ["OUTPUT1"], binary)
    every = await client.infer("simple", pair, [], binary)
    wide = np.array([2**62 - 1, -(2**62)], dtype=np.int64)
    typed = await client.infer("typed_scaler", [("input_tensor", "INT64", wide)], ["scaled_result"], binary)
    short = np.array([[1, 2]], dtype=np.int32)
    return {
        "requestId": request_id(client, scaled),
        "scaled": plain(scaled.as_numpy("scaled_result")),
        "scaledShape": list(scaled.as_numpy("scaled_result").shape),
        "sum": plain(both.as_numpy("OUTPUT0")),
        "difference": plain(both.as_numpy("OUTPUT1")),
        "sumShape": list(both.as_numpy("OUTPUT0").shape),
        "oneRequested": [name for name in ["OUTPUT0", "OUTPUT1"] if one.as_numpy(name) is not None],
        "noneRequested": [name for name in ["OUTPUT0", "OUTPUT1"] if every.as_numpy(name) is not None],
        "typed": plain(typed.as_numpy("scaled_result")),
        "identity": await identity(client, binary),
        "unknownModel": await refusal(client.infer("no-such-model", [("x", "FP64", np.ones(1))], ["y"], binary)),
        "unknownVersion": await refusal(
            client.infer("simple_scaler", [("x", "FP64", np.ones(1))], [], binary, model_version="99")
        ),
        "unknownOutput": await refusal(client.infer("simple", pair, ["OUTPUT2"], binary)),
        "wrongShape": await refusal(
            client.infer("simple", [("INPUT0", "INT32", short), ("INPUT1", "INT32", short)], ["OUTPUT0"], binary)
        ),
        "liveAfterwards": await client.call("is_server_live"),
    }


async def in_the_background(client):
    """The futures of the clients that have no aio: several at a time."""
    inputs = [client.tensor("input_tensor", "FP64", np.array([float(value)])) for value in range(8)]
    if client.kind == "http":
        futures = [client.connection.async_infer("simple_scaler", [tensor]) for tensor in inputs]
        return [plain(future.get_result().as_numpy("scaled_result"))[0] for future in futures]
    if client.kind == "grpc":
        results = {}
        keep = lambda at: lambda result, error: results.update({at: error or result})
        calls = [client.connection.async_infer("simple_scaler", [tensor], keep(at)) for at, tensor in enumerate(inputs)]
        while len(results) < len(calls):
            await client.call("is_server_live")
        return [plain(results[at].as_numpy("scaled_result"))[0] for at in range(len(calls))]
    return None


async def ask(client):
    server = await client.described("get_server_metadata")
    model = await client.described("get_model_metadata", "simple")
    return {
        "live": await client.call("is_server_live"),
        "ready": await client.call("is_server_ready"),
        "modelReady": await client.call("is_model_ready", "simple"),
        "versionReady": await client.call("is_model_ready", "simple", "1"),
        "server": server["name"],
        "extensions": server.get("extensions", []),
        "inputs": [[entry["name"], entry["datatype"], [int(size) for size in entry["shape"]]] for entry in model["inputs"]],
        "binary": await infers(client, True),
        "json": await infers(client, False) if client.over_http else None,
        "background": await in_the_background(client),
    }


print_report(ask)
