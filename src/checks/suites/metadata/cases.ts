/** What the server and its models say of themselves. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';
import { configurationCases } from './configuration.js';
import { modelMetadataCases } from './models.js';
import { promiseCases } from './promise.js';
import { refusalCases } from './refusals.js';
import { serverMetadataCases } from './server.js';

/** The cases that apply to a server. */
export function metadataCases(server: ServerProfile): Case[] {
  return [
    ...serverMetadataCases(server),
    ...modelMetadataCases(server),
    ...promiseCases(server),
    ...refusalCases(server),
    ...configurationCases(server),
  ];
}
