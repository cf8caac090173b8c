"""Compressed requests and answers by each client of tritonclient.

Usage: tritonclient_compress.py <gRPC host:port> <REST host:port>
"""

import numpy as np
from tritonclients import print_report

# Long enough that a server sees a point in compressing it.
VALUES = np.zeros(5_000)
EXPECTED = VALUES.tobytes()


def watch_encoding(client, seen):
    """Notes what the answers of an HTTP client are encoded in, which its result does not tell."""
    post = client.connection._post

    async def settled(response):
        response = await response
        seen.append(response.headers.get("Content-Encoding"))
        return response

    def watched(*args, **options):
        response = post(*args, **options)
        if client.kind == "http.aio":
            return settled(response)
        seen.append(response.get("content-encoding"))
        return response

    client.connection._post = watched


async def ask(client):
    algorithms = [None, "gzip", "deflate"]
    if not client.over_http:
        tries = [{"compression_algorithm": algorithm} for algorithm in algorithms]
    else:
        tries = [
            {"request_compression_algorithm": request, "response_compression_algorithm": response}
            for request in algorithms
            for response in algorithms
        ]
    seen = []
    if client.over_http:
        watch_encoding(client, seen)
    found = []
    for options in tries:
        seen.clear()
        answer = await client.infer("simple_scaler", [("x", "FP64", VALUES)], ["scaled_result"], **options)
        right = answer.as_numpy("scaled_result").tobytes() == EXPECTED
        found.append({"options": list(options.values()), "right": right, "encoding": seen[0] if seen else None})
    return found


print_report(ask)
