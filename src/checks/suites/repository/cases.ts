/** The model repository extension: index, unload and load. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';

/** The cases that apply to a server. */
export function repositoryCases(_server: ServerProfile): Case[] {
  return [];
}
