/** Makes cases about streams. */
import type { Case } from '../../case.js';
import { CaseFailure } from '../../case.js';
import type { DistinctRequests } from '../../distinct-requests.js';
import type { Probe } from '../../probe.js';
import { StreamHangs } from './infer-stream.js';

/** Where all of it comes from: the OIP has no streams. */
export const tritonStreams = "Triton's extension of the OIP (grpc_service.proto, ModelStreamInfer)";

/** What tells one case from another. */
export interface StreamCase extends Pick<Case, 'title' | 'spec' | 'why' | 'run'> {
  /** Comes after `streaming/`. */
  id: string;
  model?: DistinctRequests;
}

/** Streams that may hang before no other is tried: each one waits for its whole time-out. */
const patience = 2;

/** What makes the cases of one plan. Once streams hang, those that are left fail at once, and say why. */
export function streamCases(): (one: StreamCase) => Case {
  let hanging = 0;
  return ({ id, title, spec, why, model, run }) => ({
    id: `streaming/${id}`,
    suite: 'streaming',
    title,
    spec,
    why,
    transports: ['grpc'],
    ...(model && { model: model.model.name }),
    async run(probe: Probe) {
      if (hanging >= patience) throw new CaseFailure(`not asked: ${patience} streams were left without an answer`);
      try {
        return await run(probe);
      } catch (error) {
        if (error instanceof StreamHangs) hanging += 1;
        throw error;
      }
    },
  });
}
