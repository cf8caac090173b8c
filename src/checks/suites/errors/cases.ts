/** What a server must refuse, and that it is alive and right afterwards. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';

/** The cases that apply to a server. */
export function errorsCases(_server: ServerProfile): Case[] {
  return [];
}
