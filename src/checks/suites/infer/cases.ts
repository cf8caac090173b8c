/** Inference: values, shapes and datatypes over every route. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';
import { agreementCases } from './agreement.js';
import { headCases } from './heads.js';
import { largeCases } from './large.js';
import { requestCases } from './requests.js';
import { valueCases } from './values.js';

/** The cases that apply to a server. */
export function inferCases(server: ServerProfile): Case[] {
  return [
    ...server.models.flatMap((model) => [
      ...headCases(server, model),
      ...valueCases(server, model),
      ...agreementCases(server, model),
      ...requestCases(server, model),
    ]),
    ...largeCases(server),
  ];
}
