/** OpenTelemetry metrics in, new metrics out, and every metric that came in as it was. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';
import { vectorModels } from './fitting-models.js';
import { kindCases } from './kind-cases.js';
import { endToEndCases, missingModelCases, notReadyCases, severalInputCases, startCases } from './scenario-cases.js';

/** The cases for the first model that takes a vector of doubles, and the first that takes two; none where there is none. */
export function metricsCases(server: ServerProfile): Case[] {
  const { transports } = server;
  const [model] = vectorModels(server, 1);
  const [pair] = vectorModels(server, 2);
  // What other cases need least may be unloaded for a moment.
  const idle = vectorModels(server, 1).findLast(({ name }) => name !== model?.name);
  return [
    ...(model ? startCases(model, transports) : []),
    ...(model ? endToEndCases(model, transports) : []),
    ...(model ? kindCases(model, transports) : []),
    ...(pair ? severalInputCases(pair, transports) : []),
    ...(model ? missingModelCases(model, transports) : []),
    ...(model && idle && server.mayUnload ? notReadyCases(model, idle, transports) : []),
  ];
}
