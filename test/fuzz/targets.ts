/** All that is fuzzed. */
import { configTarget } from './config.js';
import { engineTarget } from './engine.js';
import { faultsTarget } from './faults.js';
import { http2Target } from './http2.js';
import { jsonTarget } from './json.js';
import { protobufTarget } from './protobuf.js';
import type { Target } from './target.js';

export const targets: readonly Target[] = [
  protobufTarget,
  jsonTarget,
  http2Target,
  configTarget,
  engineTarget,
  faultsTarget,
];
