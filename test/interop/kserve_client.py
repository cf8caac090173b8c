"""Drives a running server with the clients of KServe's Python SDK, and prints what came back as one JSON object.

Usage: kserve_client.py <gRPC host:port> <REST host:port>
"""

import asyncio
import json
import logging
import sys

import grpc
import httpx
import numpy as np
from kserve import InferInput, InferRequest, InferenceGRPCClient, InferenceRESTClient, RESTConfig
from kserve.protocol.grpc.grpc_predict_v2_pb2 import RepositoryModelLoadRequest, RepositoryModelUnloadRequest
from kserve.protocol.infer_type import RequestedOutput

SAMPLES = {
    "BOOL": np.array([True, False]),
    "INT8": np.array([-128, 127], dtype=np.int8),
    "INT16": np.array([-32768, 32767], dtype=np.int16),
    "INT32": np.array([-(2**31), 2**31 - 1], dtype=np.int32),
    "INT64": np.array([-(2**63), 2**63 - 1], dtype=np.int64),
    "UINT8": np.array([0, 255], dtype=np.uint8),
    "UINT16": np.array([0, 65535], dtype=np.uint16),
    "UINT32": np.array([0, 2**32 - 1], dtype=np.uint32),
    "UINT64": np.array([0, 2**64 - 1], dtype=np.uint64),
    "FP16": np.array([1.0, 65504.0], dtype=np.float16),
    "FP32": np.array([-0.0, 1.5], dtype=np.float32),
    "FP64": np.array([-0.0, 0.1], dtype=np.float64),
    "BYTES": np.array([b"", "gr\u00fc\u00dfe".encode()], dtype=np.object_),
}


def request(model, name, datatype, array, binary, output=None):
    tensor = InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, binary_data=binary)
    outputs = [RequestedOutput(output, {"binary_data": binary})] if output else None
    return InferRequest(model, [tensor], request_id="interop", request_outputs=outputs)


def same(left, right):
    if left.dtype == np.object_:
        as_bytes = lambda value: value.encode() if isinstance(value, str) else value
        return [as_bytes(value) for value in left] == [as_bytes(value) for value in right]
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()


async def refusal(call):
    """Code and message of the error that the client must raise."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return {"status": error.code().name, "message": error.details()}
    except httpx.HTTPStatusError as error:
        return {"status": str(error.response.status_code), "message": str(error)}
    return None


async def infers(infer, binary):
    scaled = await infer(request("simple_scaler", "my.metric", "FP64", np.array([1.0, -2.5]), binary, "scaled_result"))
    identity = {}
    for datatype, array in SAMPLES.items():
        if datatype == "FP16" and not binary:
            continue
        answer = await infer(request("identity", "input_tensor", datatype, array, binary, "output_tensor"))
        identity[datatype] = same(array, answer.outputs[0].as_numpy())
    ones = np.ones(1)
    return {
        "id": scaled.id,
        "model": scaled.model_name,
        "name": scaled.outputs[0].name,
        "shape": scaled.outputs[0].shape,
        "scaled": scaled.outputs[0].as_numpy().tolist(),
        "identity": identity,
        "unknownModel": await refusal(infer(request("no-such-model", "x", "FP64", ones, binary))),
        "wrongDatatype": await refusal(infer(request("simple_scaler", "x", "INT32", ones.astype(np.int32), binary))),
    }


async def over_grpc(endpoint):
    async with InferenceGRPCClient(endpoint) as client:
        stub = client._client_stub
        found = {
            "live": await client.is_server_live(),
            "ready": await client.is_server_ready(),
            "modelReady": await client.is_model_ready("simple_scaler"),
            "binary": await infers(client.infer, True),
            "plain": await infers(client.infer, False),
        }
        # The client has no methods for these, but the stubs that come with it have.
        await stub.RepositoryModelUnload(RepositoryModelUnloadRequest(model_name="simple_sum"))
        found["unloaded"] = {"ready": await client.is_model_ready("simple_sum")}
        await stub.RepositoryModelLoad(RepositoryModelLoadRequest(model_name="simple_sum"))
        found["loaded"] = {"ready": await client.is_model_ready("simple_sum")}
        return found


async def over_rest(endpoint):
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        url = f"http://{endpoint}"
        infer = lambda data: client.infer(url, data, model_name=data.model_name)
        return {
            "live": await client.is_server_live(url),
            "ready": await client.is_server_ready(url),
            "modelReady": await client.is_model_ready(url, "simple_scaler"),
            "unknownReady": await client.is_model_ready(url, "no-such-model"),
            "binary": await infers(infer, True),
            "plain": await infers(infer, False),
        }


async def main():
    logging.disable(logging.CRITICAL)
    print(json.dumps({"grpc": await over_grpc(sys.argv[1]), "rest": await over_rest(sys.argv[2])}))


asyncio.run(main())
