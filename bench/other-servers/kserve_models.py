"""simple_scaler and, where they are asked for, more models of KServe's Python server, in the way of its documentation.

Usage: kserve_models.py --http_port N --grpc_port N [--serve simple_scaler,simple_sum,identity,simple]
"""

import argparse

import kserve
import numpy as np
from kserve import InferOutput, InferRequest, InferResponse, ModelServer
from kserve.utils.utils import generate_uuid


def vector(name: str) -> dict:
    return {"name": name, "datatype": "FP64", "shape": [-1]}


def pair(name: str) -> dict:
    return {"name": name, "datatype": "INT32", "shape": [1, 16]}


class NumpyModel(kserve.Model):
    """Answers as kserve.utils.get_predict_response does, which knows no name for an output."""

    inputs: list = []
    outputs: list = []

    def load(self):
        self.ready = True
        return True

    async def get_input_types(self):
        return self.inputs

    async def get_output_types(self):
        return self.outputs

    def compute(self, tensors: list) -> dict:
        raise NotImplementedError

    async def predict(self, payload: InferRequest, headers=None, response_headers=None) -> InferResponse:
        outputs = []
        for name, (datatype, result) in self.compute(payload.inputs).items():
            # Of an array without dimensions numpy makes a number.
            values = np.asarray(result)
            output = InferOutput(name, list(values.shape), datatype)
            output.set_data_from_numpy(values, binary_data=payload.use_binary_outputs)
            outputs.append(output)
        return InferResponse(
            model_name=self.name,
            infer_outputs=outputs,
            response_id=payload.id or generate_uuid(),
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )


class Scaler(NumpyModel):
    inputs = [vector("input_tensor")]
    outputs = [vector("scaled_result")]

    def compute(self, tensors):
        return {"scaled_result": ("FP64", tensors[0].as_numpy() * 2)}


class Sum(NumpyModel):
    inputs = [vector("input_a"), vector("input_b")]
    outputs = [vector("sum_result")]

    def compute(self, tensors):
        left, right = [tensor.as_numpy() for tensor in tensors]
        return {"sum_result": ("FP64", left + right)}


class Identity(NumpyModel):
    # Of any datatype, for which KServe has no word; it writes what it is given.
    inputs = [{"name": "input_tensor", "datatype": "ANY", "shape": [-1]}]
    outputs = [{"name": "output_tensor", "datatype": "ANY", "shape": [-1]}]

    def compute(self, tensors):
        [tensor] = tensors
        return {"output_tensor": (tensor.datatype, tensor.as_numpy())}


class AddSub(NumpyModel):
    """The model of Triton's examples."""

    inputs = [pair("INPUT0"), pair("INPUT1")]
    outputs = [pair("OUTPUT0"), pair("OUTPUT1")]

    def compute(self, tensors):
        arrays = {tensor.name: tensor.as_numpy() for tensor in tensors}
        left, right = arrays["INPUT0"], arrays["INPUT1"]
        return {"OUTPUT0": ("INT32", left + right), "OUTPUT1": ("INT32", left - right)}


kinds = {"simple_scaler": Scaler, "simple_sum": Sum, "identity": Identity, "simple": AddSub}

parser = argparse.ArgumentParser(parents=[kserve.model_server.parser])
parser.add_argument("--serve", default="simple_scaler")
models = [kinds[name](name) for name in parser.parse_args().serve.split(",")]
for model in models:
    model.load()
ModelServer().start(models)
