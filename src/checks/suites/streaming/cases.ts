/** ModelStreamInfer, Triton's stream of inferences: the OIP has none, and clients of Triton's kind expect this one. */
import type { Case } from '../../case.js';
import { distinctRequests } from '../../distinct-requests.js';
import type { ServerProfile } from '../../profile.js';
import { errorCases } from './error-cases.js';
import { lifeCases } from './life-cases.js';
import { orderCases } from './order-cases.js';
import { streamCases } from './stream-case.js';

/** The cases that apply to a server: none where no model takes requests. */
export function streamingCases(server: ServerProfile): Case[] {
  const models = distinctRequests(server);
  const [main] = models;
  if (main === undefined) return [];
  const make = streamCases();
  return [...orderCases(server, models, make), ...errorCases(server, main, make), ...lifeCases(main, make)];
}
