/** The core RPCs but inference: what the data plane says, as it says it. */
import type { WireMethods } from '../../protocol/grpc-messages.js';
import { assertReadyByPlan } from '../faults/call-facts.js';
import type { CallPlan } from '../faults/call-plan.js';
import type { ServerParts } from '../transport.js';

type CoreMethod = 'ServerLive' | 'ServerReady' | 'ModelReady' | 'ServerMetadata' | 'ModelMetadata';

type CoreRpcs = {
  [Method in CoreMethod]: (
    request: WireMethods[Method]['request'],
    call?: unknown,
    plan?: CallPlan,
  ) => WireMethods[Method]['response'];
};

export function createCoreRpcs({ dataPlane, repository }: Pick<ServerParts, 'dataPlane' | 'repository'>): CoreRpcs {
  return {
    ServerLive: () => ({ live: dataPlane.serverLive() }),
    ServerReady: (_request, _call, plan) => ({ ready: dataPlane.serverReady() && !plan?.notReady }),
    ModelReady: ({ name, version }, _call, plan) => ({ ready: dataPlane.modelReady(name, version) && !plan?.notReady }),
    ServerMetadata: () => dataPlane.serverMetadata(),
    ModelMetadata({ name, version }, _call, plan) {
      assertReadyByPlan(plan, repository, name, version);
      return dataPlane.modelMetadata(name, version);
    },
  };
}
