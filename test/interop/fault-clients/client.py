"""Calls a server with grpcio or requests, as it is told line by line: see scripts/fault-clients/session.js.

Usage: client.py grpc|rest <host:port> [<milliseconds between keepalive pings>]
"""

import json
import sys
import time

import grpc
import requests
from google.protobuf.json_format import ParseDict
from open_inference.grpc.protocol import ModelInferRequest
from open_inference.grpc.service import GRPCInferenceServiceStub


def over_grpc(target, keepalive_ms=None):
    options = []
    if keepalive_ms:
        # An answer to a ping is waited for as long as the second option says; grpc.keepalive_timeout_ms changes nothing.
        options = [("grpc.keepalive_time_ms", int(keepalive_ms)), ("grpc.http2.ping_timeout_ms", 1000)]
    stub = GRPCInferenceServiceStub(grpc.insecure_channel(target, options))

    def call(order):
        metadata = [("x-kserve-env-fault", order["fault"])] if order.get("fault") else []
        request = ParseDict(order["request"], ModelInferRequest())
        try:
            answer = stub.ModelInfer(request, timeout=order["deadlineMs"] / 1000, metadata=metadata)
        except grpc.RpcError as error:
            return {"status": error.code().name, "message": error.details()}
        return {"status": "OK", "message": "", "answer": str(answer)}

    return {"client": "grpcio", "version": grpc.__version__}, call


def over_rest(target):
    session = requests.Session()
    # A proxy from the environment is meant for the internet, not for this machine.
    session.trust_env = False

    def call(order):
        headers = {"x-kserve-env-fault": order["fault"]} if order.get("fault") else {}
        url = f"http://{target}/v2/models/simple_scaler/infer"
        try:
            response = session.post(url, json=order["request"], headers=headers, timeout=order["deadlineMs"] / 1000)
            answer = response.json()
        except requests.RequestException as error:
            return {"status": "error", "message": f"{type(error).__name__}: {error}"}
        return {"status": str(response.status_code), "message": answer.get("error", ""), "answer": json.dumps(answer)}

    return {"client": "requests", "version": requests.__version__}, call


def main():
    kind, *address = sys.argv[1:]
    who, call = over_grpc(*address) if kind == "grpc" else over_rest(*address)
    print(json.dumps(who), flush=True)
    for line in sys.stdin:
        start = time.monotonic()
        outcome = call(json.loads(line))
        print(json.dumps({**outcome, "ms": (time.monotonic() - start) * 1000}), flush=True)


main()
