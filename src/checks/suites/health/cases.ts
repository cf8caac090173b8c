/** Live, ready, and whether each model is. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';
import { bodyCases } from './bodies.js';
import { modelReadyCases } from './models.js';
import { serverHealthCases } from './server.js';
import { standardHealthCases } from './standard-health.js';

/** The cases that apply to a server. */
export function healthCases(server: ServerProfile): Case[] {
  return [
    ...serverHealthCases(server),
    ...modelReadyCases(server),
    ...bodyCases(server),
    ...standardHealthCases(server),
  ];
}
