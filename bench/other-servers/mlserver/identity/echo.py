"""identity as a custom runtime of MLServer: what came in goes out, without a codec.

Its settings name no tensors, since MLServer has no word for one of any datatype.
"""

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class Echo(MLModel):
    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        [tensor] = payload.inputs
        output = ResponseOutput(
            name="output_tensor", shape=tensor.shape, datatype=tensor.datatype, data=tensor.data
        )
        return InferenceResponse(
            id=payload.id, model_name=self.name, model_version=self.version, outputs=[output]
        )
