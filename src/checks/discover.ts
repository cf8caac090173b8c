/** Finds out what a server is and which models it has, before it is checked. */
import { type ModelConfig, modelConfigSchema } from '../models/kinds.js';
import type { Limits } from '../models/limits.js';
import { platformPrefix } from '../models/model.js';
import { serverIdentity } from '../models/server-config.js';
import type { CallOptions, InferenceClient, RepositoryEntry } from '../protocol/client.js';
import { OipError } from '../protocol/status.js';
import type { ModelMetadata, ServerMetadata, Tensor } from '../protocol/tensor.js';
import { transports } from './case.js';
import { type Expectation, type Mathematics, mathematicsOf } from './mathematics.js';
import type { Connections } from './probe.js';
import type { ModelProfile, ServerProfile } from './profile.js';
import { stateOf } from './repository-calls.js';
import { sampleInputs } from './sample-inputs.js';

export interface DiscoverOptions {
  connections: Connections;
  signal: AbortSignal;
  /** Milliseconds of each call. */
  timeoutMs: number;
  /** Names of the models to check; where it is empty, those that the server lists. */
  models?: readonly string[];
  /** Of our own environment: what it was made with. */
  configured?: readonly ModelConfig[];
  /** Of our own environment: the limits that it was made with. */
  limits?: Limits;
  /** Names to look for where the server has no list. */
  guesses?: readonly string[];
  /** What somebody says that models compute. */
  expectations?: readonly Expectation[];
  /** Whether the server may be changed, if only for a moment: see ServerProfile.mayUnload. Ours may unless it is said. */
  mayUnload?: boolean;
}

/** Asks the server for all that cases adapt to. A server that does not answer has an empty profile: the cases will tell. */
export async function discoverServer(options: DiscoverOptions): Promise<ServerProfile> {
  const { connections, signal, timeoutMs, configured } = options;
  const call: CallOptions = { signal, timeoutMs };
  const clients = transports.flatMap((transport): Reached[] => {
    const client = connections[transport]?.client;
    return client ? [{ client, unanswered: 0, unansweredSamples: 0 }] : [];
  });
  const server: ServerMetadata = (await firstAnswer(clients, signal, (client) => client.serverMetadata(call))) ?? {
    name: '',
    version: '',
    extensions: [],
  };
  const ours = server.name === serverIdentity.name;
  const listed = await listModels(options, clients, call);
  const models: ModelProfile[] = [];
  for (const one of listed.loaded) models.push(await profileOf(one, options, { clients, call, ours }));
  return {
    ...server,
    ours,
    mayUnload: options.mayUnload ?? ours,
    transports: transports.filter((transport) => connections[transport] !== undefined),
    ready: configured?.every(({ initial }) => initial !== 'failed'),
    models,
    unloaded: listed.unloaded,
    ...(options.limits && { limits: options.limits }),
  };
}

/** A client, and how many calls in a row it had no answer to. */
interface Reached {
  client: InferenceClient;
  unanswered: number;
  /** Of these, inferences. */
  unansweredSamples: number;
}

/** After so many, nothing more is asked: each of them takes its whole time-out. */
const silenceMeansGone = 3;

/** A model to be asked about. */
interface Listed {
  name: string;
  version: string;
  title: string;
  config?: ModelConfig;
}

interface ModelList {
  loaded: Listed[];
  unloaded: string[];
}

async function listModels(
  { models = [], configured, guesses = [], connections, signal }: DiscoverOptions,
  clients: Reached[],
  call: CallOptions,
): Promise<ModelList> {
  const chosen = (list: ModelList): ModelList => {
    if (models.length === 0) return list;
    const known = list.loaded.filter(({ name }) => models.includes(name));
    const others = models.filter((name) => !known.some((one) => one.name === name));
    return { ...list, loaded: [...known, ...others.map(plain)] };
  };
  if (configured) return chosen(configuredModels(configured));
  if (models.length > 0) return chosen({ loaded: [], unloaded: [] });
  const index = await firstAnswer(clients, signal, (client) => client.repositoryIndex(call));
  if (index && index.length > 0) return indexedModels(index);
  const names = (await kserveList(connections, call)) ?? (await existing(guesses, clients, signal, call));
  return { loaded: names.map(plain), unloaded: [] };
}

const plain = (name: string): Listed => ({ name, version: '', title: name });

/** Where one name is declared several times, its version is named, else the server chooses. */
function configuredModels(configured: readonly ModelConfig[]): ModelList {
  const loaded = configured
    .filter(({ initial }) => initial === 'loaded')
    .map((config): Listed => {
      const several = configured.filter(({ name }) => name === config.name).length > 1;
      const version = several ? (config.versions.at(-1) ?? '') : '';
      return { name: config.name, version, title: several ? `${config.name}@${version}` : config.name, config };
    });
  return { loaded, unloaded: configured.filter(({ initial }) => initial === 'unloaded').map(({ name }) => name) };
}

/** Servers leave the state empty, or write it in ways of their own: `State.READY`. */
function indexedModels(index: readonly RepositoryEntry[]): ModelList {
  const isReady = (entry: RepositoryEntry) => ['', 'READY'].includes(stateOf(entry));
  const ready = new Set(index.filter(isReady).map(({ name }) => name));
  const others = new Set(index.map(({ name }) => name).filter((name) => !ready.has(name)));
  return { loaded: [...ready].map(plain), unloaded: [...others] };
}

/** `GET /v2/models`, which KServe's Python server has in place of the index. */
async function kserveList({ rest }: Connections, call: CallOptions): Promise<string[] | undefined> {
  try {
    const answer = await rest?.sender.send({ method: 'GET', path: '/v2/models' }, call);
    if (answer?.status !== 200) return undefined;
    const { models } = JSON.parse(answer.body.toString('utf8')) as { models?: unknown };
    return Array.isArray(models) ? models.filter((name) => typeof name === 'string') : undefined;
  } catch {
    call.signal?.throwIfAborted();
    return undefined;
  }
}

async function existing(
  names: readonly string[],
  clients: Reached[],
  signal: AbortSignal,
  call: CallOptions,
): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) {
    if (await firstAnswer(clients, signal, (client) => client.modelMetadata(name, '', call))) found.push(name);
  }
  return found;
}

async function profileOf(
  { name, version, title, config }: Listed,
  { expectations = [], signal }: DiscoverOptions,
  { clients, call, ours }: { clients: Reached[]; call: CallOptions; ours: boolean },
): Promise<ModelProfile> {
  const metadata: ModelMetadata = (await firstAnswer(clients, signal, (client) =>
    client.modelMetadata(name, version, call),
  )) ?? { name, versions: [], platform: '', inputs: [], outputs: [] };
  const asked = { name, version, metadata };
  const sample = await acceptedSample(clients, asked, signal, call);
  const said = expectations.findLast((one) => one.model === name) ?? expectations.findLast((one) => !one.model);
  const known = config
    ? mathematicsOf(config)
    : ours
      ? await learnedMathematics(clients, asked, signal, call)
      : undefined;
  const mathematics = said?.mathematics ?? known;
  return { ...asked, title, ...sample, ...(mathematics && { mathematics }), ...(config && { config }) };
}

type Asked = Pick<ModelProfile, 'name' | 'version' | 'metadata'>;

async function acceptedSample(
  clients: Reached[],
  { name, version, metadata }: Asked,
  signal: AbortSignal,
  call: CallOptions,
): Promise<Pick<ModelProfile, 'sample' | 'refused'>> {
  let refused = 'its metadata names no datatype that is known';
  let accepted: Tensor[] | undefined;
  for (const inputs of sampleInputs(metadata)) {
    // Halves have no typed form.
    const half = inputs.some(({ datatype }) => datatype === 'FP16' || datatype === 'BF16');
    for (const reached of clients) {
      if (reached.unansweredSamples >= silenceMeansGone) {
        refused = `not asked: ${silenceMeansGone} models in a row left an inference without an answer`;
        continue;
      }
      try {
        const form = half ? 'raw' : 'typed';
        const { outputs } = await reached.client.infer({ modelName: name, modelVersion: version, inputs, form }, call);
        reached.unansweredSamples = 0;
        accepted ??= inputs;
        // Others may do better than one whose answer JSON cannot carry.
        if (outputs.every(canBeJson)) return { sample: { inputs } };
        break;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof OipError)) throw error;
        refused = `${error.status}: ${error.message}`;
        reached.unansweredSamples = error.status === 'DEADLINE_EXCEEDED' ? reached.unansweredSamples + 1 : 0;
        if (error.status === 'DEADLINE_EXCEEDED' || error.status === 'UNAVAILABLE') return { refused };
      }
    }
  }
  return accepted ? { sample: { inputs: accepted } } : { refused };
}

/** Whether JSON can carry the elements, as far as their kind goes. */
function canBeJson({ data }: Tensor): boolean {
  return !(data instanceof Float64Array || data instanceof Float32Array) || data.every(Number.isFinite);
}

/** Our server names the kind in the platform; the factor of a scale model is what it makes of 1. */
async function learnedMathematics(
  clients: Reached[],
  { name, version, metadata }: Asked,
  signal: AbortSignal,
  call: CallOptions,
): Promise<Mathematics | undefined> {
  const kind = metadata.platform.replace(platformPrefix, '');
  if (kind === 'sum' || kind === 'product' || kind === 'add_sub' || kind === 'identity') return { kind };
  const [input] = metadata.inputs;
  if (kind !== 'scale' || input === undefined) return undefined;
  if (!['ANY', 'FP64'].includes(input.datatype)) return undefined;
  const shape = input.shape.map((size) => (size < 0 ? 1 : size));
  const data = new Float64Array(shape.reduce((product, size) => product * size, 1)).fill(1);
  const inputs = [{ name: input.name, datatype: 'FP64' as const, shape, data }];
  const answer = await firstAnswer(clients, signal, (client) =>
    client.infer({ modelName: name, modelVersion: version, inputs }, call),
  );
  const factor = answer?.outputs[0]?.data[0];
  return typeof factor === 'number' ? { kind, factor } : undefined;
}

/** Models that are looked for by name where a server has no list of its own. */
export function guessedNames(defaults: readonly unknown[]): string[] {
  return modelConfigSchema
    .array()
    .parse(defaults)
    .map(({ name }) => name);
}

async function firstAnswer<T>(
  clients: readonly Reached[],
  signal: AbortSignal,
  ask: (client: InferenceClient) => Promise<T>,
): Promise<T | undefined> {
  for (const reached of clients) {
    if (reached.unanswered >= silenceMeansGone) continue;
    try {
      const answer = await ask(reached.client);
      reached.unanswered = 0;
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof OipError)) throw error;
      reached.unanswered = error.status === 'DEADLINE_EXCEEDED' ? reached.unanswered + 1 : 0;
    }
  }
  return undefined;
}
