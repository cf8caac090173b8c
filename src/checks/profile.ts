/** What is known of a server before it is checked: what it says of itself, and what somebody says of its models. */
import type { ModelConfig } from '../models/kinds.js';
import type { Limits } from '../models/limits.js';
import type { DataForm, ModelMetadata, Tensor } from '../protocol/tensor.js';
import type { Transport } from './case.js';
import type { Mathematics } from './mathematics.js';

/** One model as it is asked. */
export interface ModelProfile {
  name: string;
  /** Empty for the server's choice. */
  version: string;
  /** Name in reports: the model's, with its version where several are checked. */
  title: string;
  /** What it says of itself; where it does not answer, without inputs and outputs. */
  metadata: ModelMetadata;
  /** Inputs that it takes; absent where it refused what was tried. */
  sample?: { inputs: Tensor[] };
  /** Why there is no sample. */
  refused?: string;
  /** Absent where nobody says. */
  mathematics?: Mathematics;
  /** Of a model of ours: its configuration. */
  config?: ModelConfig;
}

/** The server. Cases are made for it: they adapt to what it is, and to nothing that it is not. */
export interface ServerProfile {
  name: string;
  version: string;
  extensions: readonly string[];
  /** It is kserve-env's: all that is documented must hold, status codes too. */
  ours: boolean;
  /** Cases may unload a model and load it again: of ours unless it was forbidden, of another server where it was allowed. */
  mayUnload: boolean;
  /** Over which it is reached. */
  transports: readonly Transport[];
  /** Whether ServerReady should say true; undefined where it cannot be known. */
  ready: boolean | undefined;
  /** Models that are loaded, in the order in which they are checked. */
  models: readonly ModelProfile[];
  /** Models that are known and not loaded. */
  unloaded: readonly string[];
  /** Of a server of ours: what it takes at most. Absent where that is not known, which of ours means the usual limits. */
  limits?: Limits;
}

/** Where a tensor travels, and in which form. */
export interface Route {
  transport: Transport;
  form: DataForm;
}

/** All routes. Over REST `typed` is JSON, and `raw` the binary tensor data extension. */
export const allRoutes: readonly Route[] = [
  { transport: 'grpc', form: 'typed' },
  { transport: 'grpc', form: 'raw' },
  { transport: 'rest', form: 'typed' },
  { transport: 'rest', form: 'raw' },
];

/** `grpc-raw`, `rest-json`, `rest-binary`: part of ids. */
export function routeName({ transport, form }: Route): string {
  if (transport === 'grpc') return `grpc-${form}`;
  return form === 'typed' ? 'rest-json' : 'rest-binary';
}

/** Routes that the server has: the binary form over REST is an extension that it must name, unless it is known to have it. */
export function routesOf({ extensions, transports }: ServerProfile): Route[] {
  const binary = extensions.some((name) => /^binary_tensor_data/.test(name));
  return allRoutes
    .filter(({ transport }) => transports.includes(transport))
    .filter(({ transport, form }) => transport === 'grpc' || form === 'typed' || binary);
}
