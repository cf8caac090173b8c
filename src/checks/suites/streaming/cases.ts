/** ModelStreamInfer. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';

/** The cases that apply to a server. */
export function streamingCases(_server: ServerProfile): Case[] {
  return [];
}
