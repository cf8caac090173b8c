/** The sample that a model took at the discovery, asked again: what must hold of an answer whatever the model computes. */
import type { InferCall } from '../../../protocol/client.js';
import type { InferResponse } from '../../../protocol/tensor.js';
import type { Case } from '../../case.js';
import type { Probe } from '../../probe.js';
import { type ModelProfile, type Route, routeName, type ServerProfile } from '../../profile.js';
import { routesFor } from '../model-routes.js';

/** One inference of a model's sample, changed as a case wants it. */
export function askSample(
  probe: Probe,
  { name, version, sample }: ModelProfile,
  { transport, form }: Route,
  change: Partial<InferCall> = {},
): Promise<InferResponse> {
  const inputs = sample?.inputs ?? [];
  return probe.infer(transport, { modelName: name, modelVersion: version, inputs, form, ...change });
}

/** What a case about a sample is made of. */
export interface SampleCase {
  /** Between the suite's name and the model's. */
  id: string;
  title: string;
  spec: string;
  why: string;
  run: (probe: Probe, model: ModelProfile, route: Route) => Promise<string | undefined>;
}

/** A case a route of a model; none where it took no sample. */
export function sampleCases(
  server: ServerProfile,
  model: ModelProfile,
  { id, title, spec, why, run }: SampleCase,
  wanted: (route: Route, index: number, all: readonly Route[]) => boolean = () => true,
): Case[] {
  if (model.sample === undefined) return [];
  return routesFor(server, model)
    .filter(wanted)
    .map(
      (route): Case => ({
        id: `infer/${id}/${model.title}/${routeName(route)}`,
        suite: 'infer',
        title: `${model.title}: ${title} (${routeName(route)})`,
        spec,
        why,
        transports: [route.transport],
        model: model.name,
        run: (probe) => run(probe, model, route),
      }),
    );
}

/** The first route of each transport: enough for what does not depend on the form of tensors. */
export function firstOfTransport({ transport }: Route, index: number, all: readonly Route[]): boolean {
  return all.findIndex((one) => one.transport === transport) === index;
}
