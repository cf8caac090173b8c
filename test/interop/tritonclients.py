"""The four clients of tritonclient, called alike."""

import asyncio
import inspect
import json
import sys

import tritonclient.grpc as grpc_client
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http_client
import tritonclient.http.aio as http_aio
from tritonclient.utils import InferenceServerException

KINDS = {"grpc": grpc_client, "grpc.aio": grpc_aio, "http": http_client, "http.aio": http_aio}


async def settle(answer):
    """What a call of either sort of client comes to."""
    return await answer if inspect.isawaitable(answer) else answer


class Client:
    """A connection of one kind."""

    def __init__(self, kind, endpoints):
        self.kind = kind
        self.module = KINDS[kind]
        self.over_http = kind.startswith("http")
        self.connection = self.module.InferenceServerClient(endpoints["http" if self.over_http else "grpc"])

    async def call(self, method, *args):
        """A method of the connection, whichever sort it is."""
        return await settle(getattr(self.connection, method)(*args))

    async def described(self, method, *args):
        """An answer of the repository, statistics and so on as a dict: the HTTP clients give nothing else."""
        form = {} if self.over_http else {"as_json": True}
        return await settle(getattr(self.connection, method)(*args, **form))

    def tensor(self, name, datatype, array, binary=True):
        """An input tensor. Only the HTTP clients know a choice of form."""
        result = self.module.InferInput(name, list(array.shape), datatype)
        result.set_data_from_numpy(array, **({"binary_data": binary} if self.over_http else {}))
        return result

    async def infer(self, model, tensors, outputs, binary=True, **options):
        """Sends (name, datatype, array) triples, and returns the client's InferResult."""
        inputs = [self.tensor(*parts, binary) for parts in tensors]
        form = {"binary_data": binary} if self.over_http else {}
        requested = [self.module.InferRequestedOutput(name, **form) for name in outputs] or None
        return await settle(self.connection.infer(model, inputs, outputs=requested, **options))


async def refusal(call):
    """Status and message of the InferenceServerException that awaiting `call` must raise."""
    try:
        await call
    except InferenceServerException as error:
        return {"status": error.status(), "message": error.message()}
    return None


def plain(array):
    """Integers as text, since JSON readers lose them beyond 2^53; the rest as it prints."""
    return [str(int(value)) if array.dtype.kind in "iu" else value for value in array.flatten()]


def print_report(ask):
    """Prints as JSON what `ask(client)` found out with each kind of client; arguments are the endpoints."""
    endpoints = {"grpc": sys.argv[1], "http": sys.argv[2]}

    async def all_kinds():
        report = {}
        for kind in KINDS:
            client = Client(kind, endpoints)
            report[kind] = await ask(client)
            await client.call("close")
        return report

    print(json.dumps(asyncio.run(all_kinds())))
