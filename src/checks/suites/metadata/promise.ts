/** What the metadata promise is what an inference returns. */
import { fitsShape, formatShape } from '../../../protocol/shape.js';
import type { ModelMetadata, Tensor } from '../../../protocol/tensor.js';
import { type Case, CaseFailure, expectEqual } from '../../case.js';
import { type ModelProfile, type Route, routeName, routesOf, type ServerProfile } from '../../profile.js';
import { unusual } from '../../verdict.js';

/** One case a route and model that took a sample. */
export function promiseCases(server: ServerProfile): Case[] {
  const [grpc, rest] = [false, true].map((isRest) =>
    routesOf(server).find(
      ({ transport, form }) => form === (isRest ? 'typed' : 'raw') && isRest === (transport === 'rest'),
    ),
  );
  const routes = [grpc, rest].filter((route) => route !== undefined);
  return server.models
    .filter(({ sample, metadata }) => sample !== undefined && metadata.outputs.length > 0)
    .flatMap((model) =>
      routes.filter((route) => canCarry(model, route)).map((route) => promiseCase(server, model, route)),
    );
}

/** JSON has no form for halves. */
function canCarry({ metadata, sample }: ModelProfile, { transport, form }: Route): boolean {
  const types = [...metadata.outputs, ...(sample?.inputs ?? [])].map(({ datatype }) => datatype);
  return transport === 'grpc' || form === 'raw' || !types.some((type) => type === 'FP16' || type === 'BF16');
}

function promiseCase(server: ServerProfile, model: ModelProfile, { transport, form }: Route): Case {
  const { name, version, title, metadata, sample } = model;
  return {
    id: `metadata/promise/${title}/${routeName({ transport, form })}`,
    suite: 'metadata',
    title: `${title} answers with the outputs that its metadata name (${routeName({ transport, form })})`,
    spec: 'OIP, Model Metadata: outputs are those that the model produces, with their datatypes and shapes',
    why: 'clients make room for, and read by, what the metadata say; a Collector reads outputs by their index',
    transports: [transport],
    model: name,
    run: async (probe) => {
      const inputs = sample?.inputs ?? [];
      const { outputs } = await probe.infer(transport, { modelName: name, modelVersion: version, inputs, form });
      return judgeOutputs(server, metadata, outputs);
    },
  };
}

/**
 * @throws CaseFailure where an output is missing or too many, or has another datatype, rank or fixed dimension
 * @returns a note where only their order differs, which is a failure where the server is ours
 */
export function judgeOutputs(
  server: Pick<ServerProfile, 'ours'>,
  { outputs: promised }: ModelMetadata,
  outputs: readonly Tensor[],
): string | undefined {
  // Some servers know their models' outputs only once they have answered.
  if (promised.length === 0) return undefined;
  const names = outputs.map(({ name }) => name);
  const wanted = promised.map(({ name }) => name);
  expectEqual('names of the outputs', [...names].sort(), [...wanted].sort());
  for (const { name, datatype, shape } of promised) {
    const output = outputs.find((one) => one.name === name);
    if (output === undefined) throw new CaseFailure(`the answer has no output ${name}`);
    if (datatype !== 'ANY') expectEqual(`datatype of ${name}`, output.datatype, datatype);
    if (!fitsShape(shape, output.shape)) {
      const [got, want] = [formatShape(output.shape), formatShape(shape)];
      throw new CaseFailure(`shape of ${name}: the metadata say ${want}, the answer ${got}`);
    }
  }
  if (names.join() === wanted.join()) return undefined;
  return unusual(server, `the outputs come as ${names.join(', ')}; the metadata have ${wanted.join(', ')}`);
}
