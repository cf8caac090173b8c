/** Live, ready, and whether each model is. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';

/** The cases that apply to a server. */
export function healthCases(_server: ServerProfile): Case[] {
  return [];
}
