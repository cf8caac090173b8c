import { describePulls } from '../contract/pull-contract.js';
import { podman, podmanHarness } from './podman-harness.js';

describePulls('Podman', async () => {
  const { engine, close } = await podmanHarness();
  return { kind: 'podman', engine, patient: engine, client: podman, close };
});
