/** The unary extension RPCs: the extension plane's plain values as messages. */
import type { Datatype } from '../../protocol/datatype.js';
import type { Parameters, ParameterValue, TensorMetadata } from '../../protocol/tensor.js';
import type { WireExtensionMethods, WireRepositoryModelRequest } from '../../protocol/wire-extensions.js';
import type { ModelConfiguration } from '../extension-plane.js';
import { assertReadyByPlan } from '../faults/call-facts.js';
import type { CallPlan } from '../faults/call-plan.js';
import { statisticsForm } from '../telemetry/statistics-form.js';
import type { ServerParts } from '../transport.js';

type ExtensionRpcs = {
  [Method in keyof WireExtensionMethods]: (
    request: WireExtensionMethods[Method]['request'],
    call?: unknown,
    plan?: CallPlan,
  ) => WireExtensionMethods[Method]['response'] | Promise<WireExtensionMethods[Method]['response']>;
};

export function createExtensionRpcs({
  extensions,
  repository,
}: Pick<ServerParts, 'extensions' | 'repository'>): ExtensionRpcs {
  return {
    RepositoryIndex: ({ ready }) => ({ models: extensions.repositoryIndex({ ready }) }),
    async RepositoryModelLoad(request) {
      const name = nameOf(request);
      await extensions.loadModel(name, parametersOf(request));
      return { model_name: name, isLoaded: true };
    },
    async RepositoryModelUnload(request) {
      const name = nameOf(request);
      await extensions.unloadModel(name, parametersOf(request));
      return { model_name: name, isUnloaded: true };
    },
    async ModelStatistics({ name, version }) {
      const entries = await extensions.modelStatistics(name, version);
      return { model_stats: entries.map(statisticsForm) };
    },
    ModelConfig({ name, version }, _call, plan) {
      assertReadyByPlan(plan, repository, name, version);
      return { config: configMessage(extensions.modelConfig(name, version)) };
    },
  };
}

/** The model's name of a request to load or unload: in field 2 as Triton and MLServer send it, else in field 1 as KServe does. */
function nameOf({ repository_name, model_name }: WireRepositoryModelRequest): string {
  return model_name === '' ? repository_name : model_name;
}

/** Parameters by name; bytes as base64. One without a choice is none. */
function parametersOf({ parameters }: WireRepositoryModelRequest): Parameters {
  const values = Object.entries(parameters).map(([name, parameter]): [string, ParameterValue | undefined] => {
    const { bool_param, int64_param, string_param, bytes_param } = parameter;
    switch (parameter.parameter_choice) {
      case 'bool_param':
        return [name, bool_param];
      case 'int64_param':
        return [name, BigInt(String(int64_param))];
      case 'string_param':
        return [name, string_param];
      case 'bytes_param':
        return [name, bytes_param && Buffer.from(bytes_param).toString('base64')];
      default:
        return [name, undefined];
    }
  });
  return Object.fromEntries(values.filter((entry): entry is [string, ParameterValue] => entry[1] !== undefined));
}

/** Numbers of Triton's DataType; what takes any datatype has none. */
const dataTypeNumbers: Readonly<Record<Datatype | 'ANY', number>> = {
  ANY: 0,
  BOOL: 1,
  UINT8: 2,
  UINT16: 3,
  UINT32: 4,
  UINT64: 5,
  INT8: 6,
  INT16: 7,
  INT32: 8,
  INT64: 9,
  FP16: 10,
  FP32: 11,
  FP64: 12,
  BYTES: 13,
  BF16: 14,
};

function configMessage({ name, platform, backend, inputs, outputs, parameters }: ModelConfiguration) {
  const tensor = ({ name: tensorName, datatype, shape }: TensorMetadata) => ({
    name: tensorName,
    data_type: dataTypeNumbers[datatype as Datatype | 'ANY'],
    dims: shape,
  });
  return {
    name,
    platform,
    max_batch_size: 0,
    input: inputs.map(tensor),
    output: outputs.map(tensor),
    parameters: Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, { string_value: value }])),
    backend,
  };
}
