/** OpenTelemetry metrics in, new metrics out. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';

/** The cases that apply to a server. */
export function metricsCases(_server: ServerProfile): Case[] {
  return [];
}
