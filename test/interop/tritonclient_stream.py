"""Streams of inferences by both gRPC clients of tritonclient.

Usage: tritonclient_stream.py <gRPC host:port> <REST host:port>
"""

import queue

import numpy as np
from tritonclients import print_report

MODELS = ["simple_scaler", "simple_scaler", "no-such-model", "typed_scaler"]


def requests(client):
    """One a model, numbered; the third must fail without ending the stream."""
    return [
        {
            "model_name": model,
            "inputs": [client.tensor("input_tensor", "FP64", np.array([float(at), 0.5]))],
            "request_id": str(at),
        }
        for at, model in enumerate(MODELS)
    ]


def told(result, error):
    if error is not None:
        return {"error": error.message()}
    response = result.get_response()
    return {"id": response.id, "values": result.as_numpy("scaled_result").tolist()}


def by_callback(client, **options):
    """async_stream_infer of the client without aio: answers come to a callback."""
    answers = queue.Queue()
    client.connection.start_stream(callback=lambda result, error: answers.put(told(result, error)), **options)
    for request in requests(client):
        client.connection.async_stream_infer(**request)
    found = [answers.get(timeout=20) for _ in MODELS]
    client.connection.stop_stream()
    return {"answers": found, "surplus": answers.qsize()}


async def by_iterator(client, **options):
    async def ask():
        for request in requests(client):
            yield request

    found = [told(*answer) async for answer in client.connection.stream_infer(ask(), **options)]
    return {"answers": found, "surplus": 0}


async def ask(client):
    if client.kind == "grpc":
        return {"plain": by_callback(client), "compressed": by_callback(client, compression_algorithm="gzip")}
    if client.kind == "grpc.aio":
        return {
            "plain": await by_iterator(client),
            "compressed": await by_iterator(client, compression_algorithm="gzip"),
        }
    return None


print_report(ask)
