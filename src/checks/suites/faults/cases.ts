/** Faults on demand, as a client sees them. They break things on purpose, and so run only where they are asked for. */
import type { Case } from '../../case.js';
import { distinctRequests } from '../../distinct-requests.js';
import type { ServerProfile } from '../../profile.js';
import { headerCases } from './header-cases.js';
import { orderedCases } from './ordered-cases.js';

/** The cases that apply to a server: none where no model takes requests. */
export function faultsCases(server: ServerProfile): Case[] {
  const [main] = distinctRequests(server);
  if (main === undefined) return [];
  return server.transports.flatMap((transport) => [...headerCases(main, transport), ...orderedCases(main, transport)]);
}
