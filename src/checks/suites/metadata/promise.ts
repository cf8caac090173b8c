/** What the metadata promise is what an inference returns. */
import { fitsShape, formatShape } from '../../../protocol/shape.js';
import type { ModelMetadata, Tensor } from '../../../protocol/tensor.js';
import { type Case, CaseFailure, expectEqual } from '../../case.js';
import { type ModelProfile, type Route, routeName, type ServerProfile } from '../../profile.js';
import { unusual } from '../../verdict.js';
import { routesFor } from '../model-routes.js';

/** One case a route and model that took a sample. */
export function promiseCases(server: ServerProfile): Case[] {
  return server.models
    .filter(({ sample, metadata }) => sample !== undefined && metadata.outputs.length > 0)
    .flatMap((model) =>
      routesFor(server, model)
        .filter(isUsual)
        .map((route) => promiseCase(server, model, route)),
    );
}

/** The form of each transport that most clients use. */
const isUsual = ({ transport, form }: Route): boolean => form === (transport === 'grpc' ? 'raw' : 'typed');

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
