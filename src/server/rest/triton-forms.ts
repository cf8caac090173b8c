/**
 * JSON of Triton's extensions. Sources: extension_statistics.md, extension_model_configuration.md and
 * extension_model_repository.md in https://github.com/triton-inference-server/server/tree/main/docs/protocol
 */
import type { JsonValue } from '../../protocol/json-text.js';
import type { TensorMetadata } from '../../protocol/tensor.js';
import type { ModelConfiguration, ModelStatisticsEntry } from '../extension-plane.js';
import { statisticsForm } from '../telemetry/statistics-form.js';

/** One version of a model in `model_stats`. */
export function statisticsJson(entry: ModelStatisticsEntry): JsonValue {
  return { ...statisticsForm(entry), response_stats: {} };
}

/** A model's configuration. */
export function configurationJson(config: ModelConfiguration): JsonValue {
  const tensor = ({ name, datatype, shape }: TensorMetadata): JsonValue => ({
    name,
    data_type: dataTypeName(datatype),
    dims: shape,
  });
  return {
    name: config.name,
    platform: config.platform,
    backend: config.backend,
    max_batch_size: 0,
    input: config.inputs.map(tensor),
    output: config.outputs.map(tensor),
    parameters: Object.fromEntries(
      Object.entries(config.parameters).map(([key, value]) => [key, { string_value: value }]),
    ),
  };
}

/** Names of the DataType enumeration: `TYPE_STRING` is BYTES there; a model that takes any datatype has none. */
function dataTypeName(datatype: string): string {
  if (datatype === 'ANY') return 'TYPE_INVALID';
  return datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;
}
