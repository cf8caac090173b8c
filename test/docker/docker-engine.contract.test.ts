import { describeEngine } from '../contract/engine-contract.js';
import { dockerHarness } from './docker-harness.js';

describeEngine('Docker', dockerHarness);
