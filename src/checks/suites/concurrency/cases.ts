/** Many requests at once: none may get what another asked for. */
import type { Case } from '../../case.js';
import { distinctRequests } from '../../distinct-requests.js';
import type { ServerProfile } from '../../profile.js';
import { endedCallCases } from './ended-calls.js';
import { loadCases } from './load-cases.js';

/** The cases that apply to a server: none where no model takes requests. */
export function concurrencyCases(server: ServerProfile): Case[] {
  const models = distinctRequests(server);
  const [main] = models;
  return main === undefined ? [] : [...loadCases(server, models), ...endedCallCases(server, main)];
}
