"""Drives a running server with the official Python client, and prints what came back as one JSON object.

Usage: tritonclient_infer.py <gRPC host:port> <REST host:port>
"""

import json
import sys

import numpy as np
import tritonclient.grpc as grpc_client
import tritonclient.http as http_client
from tritonclient.utils import InferenceServerException

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


def tensor(client, name, datatype, array, binary):
    """An input tensor of either client. Only the HTTP client knows a choice of form."""
    result = client.InferInput(name, list(array.shape), datatype)
    if client is http_client:
        result.set_data_from_numpy(array, binary_data=binary)
    else:
        result.set_data_from_numpy(array)
    return result


def infer(client, connection, model, tensors, outputs, binary=True):
    """Sends (name, datatype, array) triples, and returns the named outputs as arrays."""
    inputs = [tensor(client, *parts, binary) for parts in tensors]
    requested = [
        client.InferRequestedOutput(name, binary_data=binary) if client is http_client else client.InferRequestedOutput(name)
        for name in outputs
    ]
    answer = connection.infer(model, inputs, outputs=requested, request_id="interop")
    return [answer.as_numpy(name) for name in outputs]


def plain(array):
    """Integers as text, since JSON readers lose them beyond 2^53; the rest as it prints."""
    return [str(int(value)) if isinstance(value, np.integer) else value for value in array.flatten()]


def refusal(call):
    """Status and message of the InferenceServerException that the call must raise."""
    try:
        call()
    except InferenceServerException as error:
        return {"status": error.status(), "message": error.message()}
    return None


def same_bits(left, right):
    """Equality that tells -0 from 0 and lets NaN equal NaN. HTTP JSON gives BYTES back as text."""
    if left.dtype == np.object_:
        as_bytes = lambda value: value.encode() if isinstance(value, str) else value
        return [as_bytes(value) for value in left] == [as_bytes(value) for value in right]
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()


def identity(client, connection, datatypes, binary=True):
    """Which datatypes came back bit for bit."""
    verdicts = {}
    for datatype in datatypes:
        array = IDENTITY_SAMPLES[datatype]
        [back] = infer(client, connection, "identity", [("input_tensor", datatype, array)], ["output_tensor"], binary)
        verdicts[datatype] = array.shape == back.shape and bool(same_bits(array, back))
    return verdicts


def infers(client, connection, binary=True):
    """What both clients do alike, with a model of each sort."""
    numbers = np.array([1, -2.5, 3], dtype=np.float64)
    first = np.arange(16, dtype=np.int32).reshape(1, 16)
    second = np.ones((1, 16), dtype=np.int32)
    wide = np.array([2**62 - 1, -(2**62)], dtype=np.int64)
    [scaled] = infer(
        client, connection, "simple_scaler", [("input_tensor", "FP64", numbers)], ["scaled_result"], binary
    )
    total, difference = infer(
        client,
        connection,
        "simple",
        [("INPUT0", "INT32", first), ("INPUT1", "INT32", second)],
        ["OUTPUT0", "OUTPUT1"],
        binary,
    )
    [typed] = infer(client, connection, "typed_scaler", [("input_tensor", "INT64", wide)], ["scaled_result"], binary)
    json_has_no_word_for = {"FP16", "FP32", "FP64"}
    datatypes = [name for name in IDENTITY_SAMPLES if binary or name not in json_has_no_word_for]
    if not binary:
        # JSON text cannot hold bytes that are no UTF-8.
        datatypes.remove("BYTES")
    short = np.array([[1, 2]], dtype=np.int32)
    return {
        "scaled": plain(scaled),
        "scaledShape": list(scaled.shape),
        "sum": plain(total),
        "difference": plain(difference),
        "sumShape": list(total.shape),
        "typed": plain(typed),
        "identity": identity(client, connection, datatypes, binary),
        "unknownModel": refusal(
            lambda: infer(client, connection, "no-such-model", [("x", "FP64", numbers)], ["y"], binary)
        ),
        "wrongShape": refusal(
            lambda: infer(
                client, connection, "simple", [("INPUT0", "INT32", short), ("INPUT1", "INT32", short)], ["OUTPUT0"], binary
            )
        ),
        "liveAfterwards": connection.is_server_live(),
    }


def grpc_report(endpoint):
    with grpc_client.InferenceServerClient(endpoint) as connection:
        server = connection.get_server_metadata()
        model = connection.get_model_metadata("simple")
        return {
            "live": connection.is_server_live(),
            "ready": connection.is_server_ready(),
            "modelReady": connection.is_model_ready("simple"),
            "server": server.name,
            "inputs": [[entry.name, entry.datatype, list(entry.shape)] for entry in model.inputs],
            "raw": infers(grpc_client, connection),
        }


def http_report(endpoint):
    with http_client.InferenceServerClient(endpoint) as connection:
        model = connection.get_model_metadata("simple")
        return {
            "live": connection.is_server_live(),
            "ready": connection.is_server_ready(),
            "modelReady": connection.is_model_ready("simple"),
            "server": connection.get_server_metadata()["name"],
            "inputs": [[entry["name"], entry["datatype"], entry["shape"]] for entry in model["inputs"]],
            "binary": infers(http_client, connection),
            "json": infers(http_client, connection, binary=False),
        }


if __name__ == "__main__":
    print(json.dumps({"grpc": grpc_report(sys.argv[1]), "http": http_report(sys.argv[2])}))
