/** How many things a JSON message holds, against the limits. */
import { assertDimensionLimit, assertParameterLimit, assertTensorLimit, type MessageLimits } from './message-limits.js';

/**
 * Throws TOO_LARGE where a request or response in JSON holds more than `limits` allow. It is asked before anything is
 * copied; what is no list and no object is for the message's schema to refuse.
 */
export function assertJsonCounts(message: unknown, limits: Readonly<MessageLimits>): void {
  const { inputs, outputs, parameters: own } = members(message);
  assertParameterLimit(Object.keys(members(own)).length);
  for (const [what, things] of Object.entries({ inputs, outputs })) {
    if (!Array.isArray(things)) continue;
    assertTensorLimit(things.length, limits, what);
    for (const { shape, parameters: its } of things.map(members)) {
      if (Array.isArray(shape)) assertDimensionLimit(shape.length);
      assertParameterLimit(Object.keys(members(its)).length);
    }
  }
}

/** The members of what may be an object. */
function members(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
