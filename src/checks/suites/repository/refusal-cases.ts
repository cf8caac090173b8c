/** Cases about loads and unloads that must be refused: of models that are not there, and of ours by unknown parameters. */
import { noSuchModel } from '../../absent-names.js';
import { type Case, CaseFailure, CaseSkipped, expectThat, type Transport } from '../../case.js';
import { errorLine } from '../../exchange.js';
import type { Probe } from '../../probe.js';
import type { ServerProfile } from '../../profile.js';
import { changeModel, whileUnloaded } from '../../repository-calls.js';
import { refusalOf, unusual } from '../../verdict.js';
import { repositoryExtension } from './index-cases.js';
import { type ExpectedRefusal, type Subject, saysReady, unusualRefusal } from './model-state.js';

const notFound: ExpectedRefusal = {
  grpc: { documented: 'NOT_FOUND', known: { MLServer: 'NOT_FOUND', KServe: 'UNKNOWN', Triton: 'INTERNAL' } },
  rest: { documented: '404', known: { MLServer: '404', KServe: '503', Triton: '400' } },
};

const invalid: ExpectedRefusal = { grpc: { documented: 'INVALID_ARGUMENT' }, rest: { documented: '400' } };

/** The cases of each transport; those about parameters for our own server, whose parameters are documented. */
export function refusalCases({ transports, ours }: ServerProfile, subject: Subject | undefined): Case[] {
  return transports.flatMap((transport) => [
    unknownCase('load', transport),
    unknownCase('unload', transport),
    ...(ours && subject ? [parameterCase(transport, subject), dependentsCase(transport, subject)] : []),
  ]);
}

function unknownCase(change: 'load' | 'unload', transport: Transport): Case {
  return {
    id: `repository/${change}/unknown/${transport}`,
    suite: 'repository',
    title: `a request to ${change} a model that is not there is refused (${transport})`,
    spec: `${repositoryExtension}: a failure is answered with an error. No status is fixed.`,
    why: `A script with a mistyped name goes on as if the model were ${change}ed.`,
    transports: [transport],
    async run(probe) {
      await assertHasRepository(probe, transport);
      const refused = await refusalOf(changeModel(probe, transport, change, noSuchModel));
      expectThat(await probe.client(transport).serverLive(), 'the server is not live afterwards');
      if (refused === undefined) {
        if (change === 'load') throw new CaseFailure(`the load of ${noSuchModel} was accepted`);
        return unusual(probe.server, `the unload of ${noSuchModel} was accepted; most clients expect an error`);
      }
      expectThat(!(await saysReady(probe, transport, noSuchModel)), `${noSuchModel} is ready afterwards`);
      return unusualRefusal(probe, transport, refused, notFound);
    },
  };
}

/** Where neither the extension is named nor the index is there, an error says nothing. */
async function assertHasRepository(probe: Probe, transport: Transport): Promise<void> {
  const { ours, extensions } = probe.server;
  if (ours || extensions.some((name) => name.startsWith('model_repository'))) return;
  const refused = await refusalOf(probe.client(transport).repositoryIndex());
  if (refused) throw new CaseSkipped(`the server has no model repository: ${errorLine(refused)}`);
}

function parameterCase(transport: Transport, { target: { model } }: Subject): Case {
  return {
    id: `repository/load/unknown-parameter/${model.title}/${transport}`,
    suite: 'repository',
    title: `a load with a parameter that is not understood is refused, and changes nothing (${transport})`,
    spec: `${repositoryExtension}: parameters are the server's to define. docs/protocol.md: others than unload_dependents are refused.`,
    why: 'A client believes that it has loaded the model with its own configuration.',
    transports: [transport],
    model: model.name,
    async run(probe) {
      const load = changeModel(probe, transport, 'load', model.name, { parameter: 'kserve_env_no_such_parameter' });
      const refused = await refusalOf(load);
      if (refused === undefined) throw new CaseFailure('the load was accepted');
      expectThat(await saysReady(probe, transport, model.name), `${model.name} is not ready afterwards`);
      return unusualRefusal(probe, transport, refused, invalid);
    },
  };
}

function dependentsCase(transport: Transport, { target: { model } }: Subject): Case {
  return {
    id: `repository/unload/dependents/${model.title}/${transport}`,
    suite: 'repository',
    title: `unload takes the parameter unload_dependents (${transport})`,
    spec: `${repositoryExtension}: unload_dependents also unloads what the model alone depends on.`,
    why: "tritonclient's unload_model with unload_dependents is refused.",
    transports: [transport],
    model: model.name,
    run: (probe) =>
      whileUnloaded(probe, { transport, model: model.name, parameter: 'unload_dependents' }, async () => {
        expectThat(!(await saysReady(probe, transport, model.name)), `${model.name} is ready after unload`);
        return undefined;
      }),
  };
}
