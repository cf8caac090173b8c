"""Reads a server's descriptors with the reflection client of grpcio, which speaks v1alpha, and asks by them.

Usage: grpc_reflection.py <gRPC host:port> <REST host:port>
"""

import json
import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

with grpc.insecure_channel(sys.argv[1]) as channel:
    database = ProtoReflectionDescriptorDatabase(channel)
    pool = DescriptorPool(database)
    service = pool.FindServiceByName("inference.GRPCInferenceService")
    method = service.FindMethodByName("ModelInfer")
    request = GetMessageClass(method.input_type)(model_name="simple_scaler")
    request.inputs.add(name="x", datatype="FP64", shape=[2]).contents.fp64_contents.extend([1.0, -2.5])
    answer = channel.unary_unary(
        f"/{service.full_name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )(request)
    try:
        pool.FindMessageTypeByName("inference.NoSuchMessage")
        unknown = "found"
    except KeyError:
        unknown = "not found"
    print(
        json.dumps(
            {
                "services": sorted(database.get_services()),
                "methods": sorted(method.name for method in service.methods),
                "scaled": list(answer.outputs[0].contents.fp64_contents),
                "unknown": unknown,
            }
        )
    )
