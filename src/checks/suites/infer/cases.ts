/** Inference: values, shapes and datatypes over every route. */
import { type Case, CaseSkipped } from '../../case.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
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
    ...server.models.flatMap((model, index) => modelCases(server, model, index === 0)),
    ...largeCases(server),
    ...encodingCases(server),
  ];
}

function modelCases(server: ServerProfile, model: ModelProfile, isFirst: boolean): Case[] {
  if (model.sample === undefined && model.mathematics === undefined) return [unknownCase(server, model)];
  const usual = [...headCases(server, model), ...valueCases(server, model)];
  // What every inference waits for is waited for a few times only.
  if (model.config?.latency !== undefined) return usual;
  return [
    ...usual,
    ...agreementCases(server, model),
    ...requestCases(server, model),
    ...jsonCases(server, model, isFirst),
    ...binaryCases(server, model),
  ];
}

/** Of a model that takes nothing that can be made from its metadata there is nothing to tell. */
function unknownCase({ transports }: ServerProfile, { name, title, refused }: ModelProfile): Case {
  return {
    id: `infer/sample/${title}`,
    suite: 'infer',
    title: `${title} answers inputs that fit its metadata`,
    spec: 'OIP, Model Metadata: names, datatypes and shapes of the inputs; what values they may have, the model alone knows',
    why: 'a model that no client can ask without knowing more is not checked further',
    transports: transports.slice(0, 1),
    model: name,
    run: async () => {
      throw new CaseSkipped(`it refused what was made from its metadata: ${refused ?? 'nothing was tried'}`);
    },
  };
}
