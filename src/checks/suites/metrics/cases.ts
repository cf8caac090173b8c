/** OpenTelemetry metrics in, new metrics out, and every metric that came in as it was. */
import type { Case } from '../../case.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
import { assertTakesAnyName, vectorModels } from './fitting-models.js';
import { kindCases } from './kind-cases.js';
import { endToEndCases, missingModelCases, notReadyCases, severalInputCases, startCases } from './scenario-cases.js';

/** The cases for the first model that takes a vector of doubles, and the first that takes two; none where there is none. */
export function metricsCases(server: ServerProfile): Case[] {
  const { transports } = server;
  const [model] = vectorModels(server, 1);
  const [pair] = vectorModels(server, 2);
  // What other cases need least may be unloaded for a moment.
  const idle = vectorModels(server, 1).findLast(({ name }) => name !== model?.name);
  const through = (used: ModelProfile, cases: Case[]) => (server.ours ? cases : cases.map((one) => named(one, used)));
  return [
    ...(model ? startCases(model, transports) : []),
    ...(model ? through(model, endToEndCases(model, transports)) : []),
    ...(model ? through(model, kindCases(model, transports)) : []),
    ...(pair ? through(pair, severalInputCases(pair, transports)) : []),
    ...(model ? through(model, missingModelCases(model, transports)) : []),
    ...(model && idle && server.mayUnload ? through(model, notReadyCases(model, idle, transports)) : []),
  ];
}

/** The case, where the model takes inputs under the names of metrics. */
function named(one: Case, model: ModelProfile): Case {
  return {
    ...one,
    async run(probe) {
      for (const transport of one.transports) await assertTakesAnyName(probe, transport, model);
      return await one.run(probe);
    },
  };
}
