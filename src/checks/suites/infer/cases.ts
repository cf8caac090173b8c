/** Inference: values, shapes and datatypes over every route. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';
import { agreementCases } from './agreement.js';
import { binaryCases } from './binary-forms.js';
import { encodingCases } from './encodings.js';
import { headCases } from './heads.js';
import { jsonCases } from './json-forms.js';
import { largeCases } from './large.js';
import { requestCases } from './requests.js';
import { valueCases } from './values.js';

/** The cases that apply to a server. */
export function inferCases(server: ServerProfile): Case[] {
  return [
    ...server.models.flatMap((model, index) => [
      ...headCases(server, model),
      ...valueCases(server, model),
      ...agreementCases(server, model),
      ...requestCases(server, model),
      ...jsonCases(server, model, index === 0),
      ...binaryCases(server, model),
    ]),
    ...largeCases(server),
    ...encodingCases(server),
  ];
}
