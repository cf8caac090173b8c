/** Inference: values, shapes and datatypes over every route. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';
import { valueCases } from './values.js';

/** The cases that apply to a server. */
export function inferCases(server: ServerProfile): Case[] {
  return server.models.flatMap((model) => [...valueCases(server, model)]);
}
