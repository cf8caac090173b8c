"""Checks and watches health with the client of grpcio, through an unload and a load of a model.

Usage: grpc_health.py <gRPC host:port> <REST host:port>
"""

import json
import sys

import grpc
import tritonclient.grpc as grpc_client
from grpc_health.v1 import health_pb2, health_pb2_grpc

MODEL = "simple_product"


def status_of(stub, service):
    try:
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=20)
    except grpc.RpcError as error:
        return error.code().name
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def next_status(watch):
    return health_pb2.HealthCheckResponse.ServingStatus.Name(next(watch).status)


with grpc.insecure_channel(sys.argv[1]) as channel, grpc_client.InferenceServerClient(sys.argv[1]) as operator:
    stub = health_pb2_grpc.HealthStub(channel)
    checks = {service: status_of(stub, service) for service in ["", MODEL, "inference.GRPCInferenceService", "no-such"]}
    watch = stub.Watch(health_pb2.HealthCheckRequest(service=MODEL), timeout=20)
    watched = [next_status(watch)]
    operator.unload_model(MODEL)
    watched.append(next_status(watch))
    operator.load_model(MODEL)
    # A server may tell of the loading in between.
    while watched[-1] != "SERVING":
        watched.append(next_status(watch))
    watch.cancel()
    unknown = stub.Watch(health_pb2.HealthCheckRequest(service="no-such"), timeout=20)
    unknown_status = next_status(unknown)
    unknown.cancel()
    print(json.dumps({"checks": checks, "watched": [watched[0], watched[1], watched[-1]], "unknown": unknown_status}))
