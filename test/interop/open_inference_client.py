"""Drives a running server with the generated clients of the Open Inference Protocol's working group.

Usage: open_inference_client.py <gRPC host:port> <REST host:port>
"""

import asyncio
import json
import struct
import sys

import grpc
from open_inference.grpc.protocol import (
    InferParameter,
    InferTensorContents,
    ModelInferRequest,
    ModelMetadataRequest,
    ModelReadyRequest,
    ServerLiveRequest,
    ServerMetadataRequest,
    ServerReadyRequest,
)
from open_inference.grpc.service import GRPCInferenceServiceStub
from open_inference.openapi.client import AsyncOpenInferenceClient, OpenInferenceClient
from open_inference.openapi.core.api_error import ApiError
from open_inference.openapi.types import InferenceRequest, RequestInput, RequestOutput, TensorData

# The typed field of each datatype, and values at its edges. 64-bit integers are written as they are: Python has no limit.
TYPED = {
    "BOOL": ("bool_contents", [True, False]),
    "INT8": ("int_contents", [-128, 127]),
    "INT16": ("int_contents", [-32768, 32767]),
    "INT32": ("int_contents", [-(2**31), 2**31 - 1]),
    "INT64": ("int64_contents", [-(2**63), 2**53 + 1, 2**63 - 1]),
    "UINT8": ("uint_contents", [0, 255]),
    "UINT16": ("uint_contents", [0, 65535]),
    "UINT32": ("uint_contents", [0, 2**32 - 1]),
    "UINT64": ("uint64_contents", [0, 2**53 + 1, 2**64 - 1]),
    "FP32": ("fp32_contents", [0.0, 1.5, float("inf")]),
    "FP64": ("fp64_contents", [0.0, 0.1, float("-inf")]),
    "BYTES": ("bytes_contents", [b"", b"\x00\xff"]),
}


def infer_request(model, name, datatype, shape, contents=None, raw=None, **fields):
    tensor = ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=shape)
    if contents is not None:
        tensor.contents.CopyFrom(InferTensorContents(**contents))
    return ModelInferRequest(model_name=model, inputs=[tensor], raw_input_contents=raw or [], **fields)


def over_grpc(endpoint):
    with grpc.insecure_channel(endpoint) as channel:
        stub = GRPCInferenceServiceStub(channel)
        server = stub.ServerMetadata(ServerMetadataRequest())
        model = stub.ModelMetadata(ModelMetadataRequest(name="simple_scaler"))
        typed = {}
        for datatype, (field, values) in TYPED.items():
            answer = stub.ModelInfer(infer_request("identity", "x", datatype, [len(values)], {field: values}))
            typed[datatype] = list(getattr(answer.outputs[0].contents, field)) == values and not answer.raw_output_contents
        scaled = stub.ModelInfer(
            infer_request(
                "simple_scaler",
                "my.metric",
                "FP64",
                [2],
                raw=[struct.pack("<2d", 1.0, -2.5)],
                id="interop",
                parameters={"scale_factor": InferParameter(string_param="3")},
            )
        )
        try:
            stub.ModelInfer(infer_request("simple_scaler", "x", "FP64", [3], {"fp64_contents": [1.0]}))
            refused = None
        except grpc.RpcError as error:
            refused = {"status": error.code().name, "message": error.details()}
        return {
            "live": stub.ServerLive(ServerLiveRequest()).live,
            "ready": stub.ServerReady(ServerReadyRequest()).ready,
            "modelReady": stub.ModelReady(ModelReadyRequest(name="simple_scaler", version="1")).ready,
            "server": server.name,
            "inputs": [[line.name, line.datatype, list(line.shape)] for line in model.inputs],
            "typed": typed,
            "raw": {"id": scaled.id, "values": list(struct.unpack("<2d", scaled.raw_output_contents[0]))},
            "wrongCount": refused,
        }


def rest_request(datatype, values, output):
    tensor = RequestInput(name="x", datatype=datatype, shape=[len(values)], data=TensorData(__root__=values))
    return InferenceRequest(id="interop", inputs=[tensor], outputs=[RequestOutput(name=output)])


def refusal_of(error):
    return {"status": str(error.status_code), "message": error.body["error"]}


def over_rest(url):
    client = OpenInferenceClient(base_url=url)
    client.check_server_liveness()
    client.check_server_readiness()
    client.check_model_readiness("simple_scaler")
    client.check_model_version_readiness("simple_scaler", "1")
    model = client.read_model_metadata("simple_scaler")
    scaled = client.model_infer("simple_scaler", request=rest_request("FP64", [1.0, -2.5], "scaled_result"))
    versioned = client.model_version_infer(
        "simple_scaler", "1", request=rest_request("FP64", [0.5], "scaled_result")
    )
    # This client writes integers as 1.0, since its type for an element tries a float first.
    integers = client.model_infer("identity", request=rest_request("INT32", [1, -2], "output_tensor"))
    try:
        client.read_model_metadata("no-such-model")
        unknown = None
    except ApiError as error:
        unknown = refusal_of(error)
    return {
        "server": client.read_server_metadata().name,
        "inputs": [[line.name, line.datatype, line.shape] for line in model.inputs],
        "id": scaled.id,
        "scaled": scaled.outputs[0].data.dict()["__root__"],
        "versioned": versioned.outputs[0].data.dict()["__root__"],
        "integers": integers.outputs[0].data.dict()["__root__"],
        "unknown": unknown,
    }


async def over_async_rest(url):
    client = AsyncOpenInferenceClient(base_url=url)
    await client.check_server_readiness()
    answers = await asyncio.gather(
        *(
            client.model_infer("simple_scaler", request=rest_request("FP64", [float(value)], "scaled_result"))
            for value in range(8)
        )
    )
    return [answer.outputs[0].data.dict()["__root__"][0] for answer in answers]


url = f"http://{sys.argv[2]}"
print(json.dumps({"grpc": over_grpc(sys.argv[1]), "rest": over_rest(url), "asyncRest": asyncio.run(over_async_rest(url))}))
