/** The same request has the same answer: again, over each route, in another order of inputs, of each version. */
import { type Case, CaseFailure, CaseSkipped, expectEqual } from '../../case.js';
import { type ModelProfile, routeName, type ServerProfile } from '../../profile.js';
import { outcomeOf, unusual } from '../../verdict.js';
import { routesFor } from '../model-routes.js';
import { expectSameOutputs, firstDifference } from './ask.js';
import { askSample, firstOfTransport, sampleCases } from './sample.js';

/** Versions of one model that are asked. */
const askedVersions = 3;

/** The cases of one model. */
export function agreementCases(server: ServerProfile, model: ModelProfile): Case[] {
  return [
    ...repeated(server, model),
    ...acrossRoutes(server, model),
    ...reordered(server, model),
    ...versioned(server, model),
  ];
}

function repeated(server: ServerProfile, model: ModelProfile): Case[] {
  return sampleCases(
    server,
    model,
    {
      id: 'again',
      title: 'the same request has the same answer to the last bit',
      spec: 'OIP: silent; a model may have a random part, and most have none',
      why: 'results cannot be compared or cached',
      run: async (probe, { mathematics }, route) => {
        const [first, second] = [await askSample(probe, model, route), await askSample(probe, model, route)];
        const differs = firstDifference(second.outputs, first.outputs);
        if (differs === undefined) return undefined;
        const words = `the second time: ${differs}`;
        // Who says nothing of its mathematics may throw dice.
        if (mathematics === undefined) return words;
        throw new CaseFailure(words);
      },
    },
    firstOfTransport,
  );
}

function acrossRoutes(server: ServerProfile, model: ModelProfile): Case[] {
  const [reference, ...others] = model.sample ? routesFor(server, model) : [];
  if (reference === undefined) return [];
  return others.map((route): Case => {
    const [one, other] = [routeName(route), routeName(reference)];
    return {
      id: `infer/agree/${model.title}/${one}`,
      suite: 'infer',
      title: `${model.title} answers over ${one} as over ${other}`,
      spec: 'OIP: one model behind two transports, and two forms of each; the tensors are the same',
      why: 'a client that is rewritten for another transport gets other results',
      transports: [...new Set([reference.transport, route.transport])],
      model: model.name,
      run: async (probe) => {
        const expected = await askSample(probe, model, reference);
        const got = await askSample(probe, model, route);
        const differs = firstDifference(got.outputs, expected.outputs);
        if (differs === undefined) return undefined;
        if (model.mathematics === undefined) {
          const again = await askSample(probe, model, reference);
          if (firstDifference(again.outputs, expected.outputs) !== undefined)
            throw new CaseSkipped(`the model answers differently each time, even over ${other} alone`);
        }
        throw new CaseFailure(`over ${one} as over ${other}: ${differs}`);
      },
    };
  });
}

function reordered(server: ServerProfile, model: ModelProfile): Case[] {
  const inputs = model.sample?.inputs ?? [];
  // Names that are not the model's own say nothing.
  if (inputs.length < 2 || model.metadata.inputs.length < 2) return [];
  // The first input differs from the others, so that an exchange of two shows.
  const told = inputs.map((input, index) =>
    index === 0 || Array.isArray(input.data)
      ? input
      : { ...input, data: input.data.slice().fill(input.data[0] as never) },
  );
  return sampleCases(server, model, {
    id: 'input-order',
    title: 'inputs are told apart by their names, in whatever order they come',
    spec: 'OIP, Inference Request: an input is named as in the metadata; the order is left open',
    why: 'a client that keeps tensors in a map sends them in any order, and gets the wrong difference',
    run: async (probe, _, route) => {
      const expected = await askSample(probe, model, route, { inputs: told });
      const got = await askSample(probe, model, route, { inputs: told.toReversed() });
      const differs = firstDifference(got.outputs, expected.outputs);
      if (differs === undefined) return undefined;
      const known = { MLServer: 'up to the model', KServe: 'up to the model', Triton: 'by name', OVMS: 'by name' };
      return unusual(server, `with the inputs in another order: ${differs}`, known);
    },
  });
}

function versioned(server: ServerProfile, model: ModelProfile): Case[] {
  const { versions } = model.metadata;
  return versions.slice(0, askedVersions).flatMap((version) =>
    sampleCases(
      server,
      model,
      {
        id: `version/${version}`,
        title: `version ${version} answers where it is asked for`,
        spec: 'OIP: the version of a model is optional in the request; the metadata list those that may be named',
        why: 'a client that pins the version that it was told gets an error, or another version',
        run: async (probe, _, route) => {
          const { answer, refusal } = await outcomeOf(askSample(probe, model, route, { modelVersion: version }));
          if (refusal) {
            const known = { KServe: '501 over REST' };
            return unusual(server, `refused with ${refusal.status}, though the version is listed`, known);
          }
          expectEqual('model_version', answer.modelVersion || version, version);
          if (versions.length > 1 || model.mathematics === undefined) return undefined;
          const plain = await askSample(probe, model, route);
          expectSameOutputs('of the version as without it', answer.outputs, plain.outputs);
          return undefined;
        },
      },
      firstOfTransport,
    ),
  );
}
