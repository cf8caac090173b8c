"""simple_scaler as a model of KServe's Python server, in the way of its documentation.

Usage: kserve_scaler.py --http_port N --grpc_port N
"""

import argparse

import kserve
from kserve import InferOutput, InferRequest, InferResponse, ModelServer
from kserve.utils.utils import generate_uuid


class Scaler(kserve.Model):
    def load(self):
        self.ready = True
        return True

    async def get_input_types(self):
        return [{"name": "input_tensor", "datatype": "FP64", "shape": [-1]}]

    async def get_output_types(self):
        return [{"name": "scaled_result", "datatype": "FP64", "shape": [-1]}]

    async def predict(self, payload: InferRequest, headers=None, response_headers=None) -> InferResponse:
        # As kserve.utils.get_predict_response does it, which knows no name for an output.
        scaled = payload.inputs[0].as_numpy() * 2
        output = InferOutput("scaled_result", list(scaled.shape), "FP64")
        output.set_data_from_numpy(scaled, binary_data=payload.use_binary_outputs)
        return InferResponse(
            model_name=self.name,
            infer_outputs=[output],
            response_id=payload.id or generate_uuid(),
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )


arguments = argparse.ArgumentParser(parents=[kserve.model_server.parser]).parse_args()
model = Scaler("simple_scaler")
model.load()
ModelServer().start([model])
