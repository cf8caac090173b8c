import { describeEngine } from '../contract/engine-contract.js';
import { podmanHarness } from './podman-harness.js';

describeEngine('Podman', podmanHarness);
