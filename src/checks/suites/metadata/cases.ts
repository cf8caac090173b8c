/** What the server and its models say of themselves. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';

/** The cases that apply to a server. */
export function metadataCases(_server: ServerProfile): Case[] {
  return [];
}
