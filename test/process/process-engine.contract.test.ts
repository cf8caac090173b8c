import { describeEngine } from '../contract/engine-contract.js';
import { processHarness } from './process-harness.js';

describeEngine('A local process', processHarness);
