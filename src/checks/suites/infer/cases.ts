/** Inference: values, shapes and datatypes over every route. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';

/** The cases that apply to a server. */
export function inferCases(_server: ServerProfile): Case[] {
  return [];
}
