"""simple_sum as a custom runtime of MLServer, in the way of its documentation."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Sum(MLModel):
    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        left, right = [NumpyCodec.decode_input(tensor) for tensor in payload.inputs]
        return InferenceResponse(
            id=payload.id,
            model_name=self.name,
            model_version=self.version,
            outputs=[NumpyCodec.encode_output("sum_result", left + right)],
        )
