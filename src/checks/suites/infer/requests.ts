/** What a request may say beside its inputs: the outputs that it wants, names of its own, and parameters. */
import type { InferCall } from '../../../protocol/client.js';
import { type Case, CaseFailure, expectEqual } from '../../case.js';
import type { Probe } from '../../probe.js';
import type { ModelProfile, Route, ServerProfile } from '../../profile.js';
import { outcomeOf, unusual } from '../../verdict.js';
import { expectSameOutputs } from './ask.js';
import { askSample, firstOfTransport, sampleCases } from './sample.js';

/** The cases of one model. */
export function requestCases(server: ServerProfile, model: ModelProfile): Case[] {
  return [...outputCases(server, model), ...nameCases(server, model), ...parameterCases(server, model)];
}

const outputSpec = 'OIP, Inference Request: "outputs: the output tensors requested"; all of them where it is absent';

function outputCases(server: ServerProfile, model: ModelProfile): Case[] {
  const names = model.metadata.outputs.map(({ name }) => name);
  const last = names.at(-1);
  if (last === undefined) return [];
  const why = 'a client gets tensors that it has no room for, or looks for one at the wrong index';
  const wanted = (list: readonly string[]) => async (probe: Probe, _: ModelProfile, route: Route) => {
    const all = await askSample(probe, model, route);
    const { outputs } = await askSample(probe, model, route, { outputs: list.map((name) => ({ name })) });
    const came = outputs.map(({ name }) => name);
    const missing = list.filter((name) => !came.includes(name));
    expectEqual('requested outputs that did not come', missing, []);
    // Each has the values that it has without being asked for.
    const plain = came.map((name) => all.outputs.find((one) => one.name === name));
    expectSameOutputs(
      'asked for by name',
      outputs,
      plain.filter((one) => one !== undefined),
    );
    if (came.join() === list.join()) return undefined;
    const known = {
      KServe: 'all, or as the model likes',
      MLServer: 'all, or as the model likes',
      Triton: 'those that are requested',
    };
    const message = `the outputs ${came.join(', ')} came where ${list.join(', ')} ${list.length === 1 ? 'alone was' : 'were'} requested`;
    return unusual(server, message, known);
  };
  return [
    ...sampleCases(server, model, {
      id: 'output/one',
      title: `${last} comes alone where it alone is requested`,
      spec: outputSpec,
      why,
      run: wanted([last]),
    }),
    ...(names.length < 2
      ? []
      : sampleCases(server, model, {
          id: 'output/reversed',
          title: 'outputs come in the order in which they are requested',
          spec: `${outputSpec}; their order in the answer is left open`,
          why,
          run: wanted(names.toReversed()),
        })),
    ...sampleCases(
      server,
      model,
      {
        id: 'output/parameters',
        title: 'a parameter of a requested output that nobody knows is ignored',
        spec: "OIP, Parameters: their meaning is the server's own; what is done with unknown ones is left open",
        why: 'a client that serves several servers sends each the parameters of all',
        run: async (probe, _, route) => {
          const outputs = names.map((name) => ({ name, parameters: { kserve_env_unknown: 'x' } }));
          return await asBefore(server, probe, model, route, { outputs });
        },
      },
      firstOfTransport,
    ),
  ];
}

function nameCases(server: ServerProfile, model: ModelProfile): Case[] {
  const inputs = model.sample?.inputs.map((input, index) => ({ ...input, name: `my.metric.${index}` })) ?? [];
  if (model.metadata.inputs.length === 0) return [];
  // Whether it is strict, only a configuration says.
  const strict = model.config?.strictInputs ?? server.ours;
  return sampleCases(
    server,
    model,
    {
      id: 'input-name',
      title: model.config?.strictInputs
        ? "another name than the model's own is refused"
        : 'inputs of other names are taken by their position',
      spec: 'OIP, Inference Request: silent on names that the metadata do not have; servers are strict, or leave it to the model',
      why: "a Collector names the tensor after its metric, and not after the model's input",
      run: async (probe, _, route) => {
        const { answer, refusal } = await outcomeOf(askSample(probe, model, route, { inputs }));
        if (refusal) {
          if (strict && refusal.status === 'INVALID_ARGUMENT') return undefined;
          const known = { Triton: 'refused', OVMS: 'refused', MLServer: 'up to the model', KServe: 'up to the model' };
          return unusual(
            server,
            `an input of another name is refused with ${refusal.status}: ${refusal.message}`,
            known,
          );
        }
        if (model.config?.strictInputs) throw new CaseFailure('it was accepted, and the model is strict');
        const plain = await askSample(probe, model, route);
        if (model.mathematics) expectSameOutputs('with other names', answer.outputs, plain.outputs);
        return undefined;
      },
    },
    firstOfTransport,
  );
}

/** Forms in which a factor may be sent (docs/models.md), and what they stand for. */
const factors = [
  { form: 'int64', value: 3n, factor: 3 },
  { form: 'double', value: 0.5, factor: 0.5 },
  { form: 'string', value: '-4', factor: -4 },
  { form: 'bool', value: true, factor: 1 },
] as const;

function parameterCases(server: ServerProfile, model: ModelProfile): Case[] {
  const unknown = sampleCases(
    server,
    model,
    {
      id: 'parameter/unknown',
      title: 'parameters of a request and of an input that nobody knows change nothing',
      spec: "OIP, Parameters: their meaning is the server's own; what is done with unknown ones is left open",
      why: 'a client that serves several servers sends each the parameters of all',
      run: async (probe, { sample }, route) => {
        const parameters = { kserve_env_text: 'x', kserve_env_count: 7n, kserve_env_flag: true };
        const inputs = sample?.inputs.map((input) => ({ ...input, parameters: { kserve_env_text: 'x' } })) ?? [];
        return await asBefore(server, probe, model, route, { parameters, inputs });
      },
    },
    firstOfTransport,
  );
  const [input] = model.sample?.inputs ?? [];
  const { mathematics } = model;
  if (!server.ours || mathematics?.kind !== 'scale' || input?.datatype !== 'FP64') return unknown;
  const scaled = factors.flatMap(({ form, value, factor }) =>
    sampleCases(
      server,
      model,
      {
        id: `parameter/scale-factor-${form}`,
        title: `scale_factor as ${form} is the factor of its request, and of no other`,
        spec: 'docs/models.md: a scale model takes its factor from the parameter scale_factor',
        why: 'values are scaled by what nobody asked for',
        run: async (probe, _, route) => {
          const { outputs } = await askSample(probe, model, route, { parameters: { scale_factor: value } });
          const plain = await askSample(probe, model, route);
          const data = Float64Array.from(input.data as Float64Array, (element) => element * factor);
          expectSameOutputs(
            `scaled by ${factor}`,
            outputs,
            plain.outputs.map((output) => ({ ...output, data })),
          );
          const usual = Float64Array.from(input.data as Float64Array, (element) => element * mathematics.factor);
          expectSameOutputs(
            'without the parameter',
            plain.outputs,
            plain.outputs.map((output) => ({ ...output, data: usual })),
          );
          return undefined;
        },
      },
      firstOfTransport,
    ),
  );
  return [...unknown, ...scaled];
}

/** What should not matter is asked for, and the answer is the same without it. */
async function asBefore(
  server: ServerProfile,
  probe: Probe,
  model: ModelProfile,
  route: Route,
  change: Partial<InferCall>,
): Promise<string | undefined> {
  const { answer, refusal } = await outcomeOf(askSample(probe, model, route, change));
  if (refusal) return unusual(server, `refused with ${refusal.status}: ${refusal.message}`);
  const plain = await askSample(probe, model, route);
  if (model.mathematics) expectSameOutputs('with it as without it', answer.outputs, plain.outputs);
  return undefined;
}
