/** Triton's model configuration, where the server has it: it must tell the same tensors as the metadata. */
import { modelPath } from '../../../protocol/rest-client.js';
import { clientServiceDefinition } from '../../../protocol/service-definition.js';
import type { TensorMetadata } from '../../../protocol/tensor.js';
import { type Case, CaseSkipped, expectEqual, type Transport } from '../../case.js';
import type { Probe } from '../../probe.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
import { outcomeOf } from '../../verdict.js';

/**
 * Names of the DataType enumeration by their numbers, in the words of the protocol.
 * Source: https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto
 */
const dataTypes = [
  'ANY',
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
  'BF16',
];

/** One case a model and transport. */
export function configurationCases(server: ServerProfile): Case[] {
  return server.models
    .filter(({ metadata }) => metadata.inputs.length > 0)
    .flatMap((model) => server.transports.map((transport) => configurationCase(server, model, transport)));
}

/** What of a configuration can be compared. */
interface Configuration {
  name: string;
  /** Greater than 0 where dims leave out a first dimension, that of the batch. */
  batch: number;
  inputs: TensorMetadata[];
  outputs: TensorMetadata[];
}

function configurationCase(server: ServerProfile, model: ModelProfile, transport: Transport): Case {
  const { name, title, metadata } = model;
  return {
    id: `metadata/configuration/${title}/${transport}`,
    suite: 'metadata',
    title: `the configuration of ${title} has the tensors of its metadata (${transport})`,
    spec: "Triton's model configuration extension: ModelConfig, GET /v2/models/{m}/config; -1 is an open dimension, and the batch has none of its own",
    why: "Triton's tools plan their load from the configuration, other clients from the metadata",
    transports: [transport],
    model: name,
    run: async (probe) => {
      const configuration = await configurationOf(probe, model, transport);
      if (configuration === undefined && !server.ours) throw new CaseSkipped('the server tells no configuration');
      expectEqual('name', configuration?.name, name);
      for (const role of ['inputs', 'outputs'] as const) {
        const told = configuration?.[role].map(({ name, datatype }) => ({ name, datatype }));
        expectEqual(
          role,
          told,
          metadata[role].map(({ name, datatype }) => ({ name, datatype })),
        );
        if (configuration?.batch !== 0) continue;
        const dims = configuration[role].map(({ shape }) => shape);
        expectEqual(
          `dims of the ${role}`,
          dims,
          metadata[role].map(({ shape }) => shape),
        );
      }
      return undefined;
    },
  };
}

async function configurationOf(
  probe: Probe,
  { name, version }: ModelProfile,
  transport: Transport,
): Promise<Configuration | undefined> {
  if (transport === 'rest') {
    const { status, body } = await probe.http({
      method: 'GET',
      path: `${modelPath(name, version)}/config`,
    });
    return status === 200 ? fromJson(JSON.parse(body.toString('utf8')) as JsonConfiguration) : undefined;
  }
  const method = clientServiceDefinition().ModelConfig;
  const { answer, refusal } = await outcomeOf(
    probe.grpcBytes('ModelConfig', method.requestSerialize({ name, version })),
  );
  if (refusal?.status === 'UNIMPLEMENTED') return undefined;
  if (refusal) throw refusal;
  const { config } = method.responseDeserialize(answer);
  const tensor = ({ name, data_type, dims }: (typeof config.input)[number]): TensorMetadata => ({
    name,
    datatype: dataTypes[data_type] ?? String(data_type),
    shape: dims.map(Number),
  });
  return {
    name: config.name,
    batch: config.max_batch_size,
    inputs: config.input.map(tensor),
    outputs: config.output.map(tensor),
  };
}

interface JsonTensor {
  name: string;
  data_type: string;
  dims: (number | string)[];
}

interface JsonConfiguration {
  name: string;
  max_batch_size?: number;
  input?: JsonTensor[];
  output?: JsonTensor[];
}

function fromJson({ name, max_batch_size: batch = 0, input = [], output = [] }: JsonConfiguration): Configuration {
  const tensor = ({ name, data_type, dims }: JsonTensor): TensorMetadata => {
    const plain = data_type.replace(/^TYPE_/, '');
    const datatype = plain === 'STRING' ? 'BYTES' : plain === 'INVALID' ? 'ANY' : plain;
    return { name, datatype, shape: dims.map(Number) };
  };
  return { name, batch, inputs: input.map(tensor), outputs: output.map(tensor) };
}
