/** The core RPCs but inference: what the data plane says, as it says it. */
import type { WireMethods } from '../../protocol/grpc-messages.js';
import type { DataPlane } from '../data-plane.js';

type CoreMethod = 'ServerLive' | 'ServerReady' | 'ModelReady' | 'ServerMetadata' | 'ModelMetadata';

type CoreRpcs = {
  [Method in CoreMethod]: (request: WireMethods[Method]['request']) => WireMethods[Method]['response'];
};

export function createCoreRpcs(dataPlane: DataPlane): CoreRpcs {
  return {
    ServerLive: () => ({ live: dataPlane.serverLive() }),
    ServerReady: () => ({ ready: dataPlane.serverReady() }),
    ModelReady: ({ name, version }) => ({ ready: dataPlane.modelReady(name, version) }),
    ServerMetadata: () => dataPlane.serverMetadata(),
    ModelMetadata: ({ name, version }) => dataPlane.modelMetadata(name, version),
  };
}
