/** The routes of the REST transport, and which of them a request means. */

/** What is served: the names of the RPCs that do the same, and of two routes that have none. */
export type ServedRoute =
  | 'ServerMetadata'
  | 'ServerLive'
  | 'ServerReady'
  | 'ModelMetadata'
  | 'ModelReady'
  | 'ModelInfer'
  | 'RepositoryIndex'
  | 'RepositoryModelLoad'
  | 'RepositoryModelUnload'
  | 'ModelStatistics'
  | 'ModelConfig'
  /** KServe's list of names. */
  | 'ModelList'
  | 'Metrics';

/** Triton's routes that answer that they are not served, by the names of its RPCs. */
export type UnservedRoute =
  | 'TraceSetting'
  | 'LogSettings'
  | `${'System' | 'Cuda'}SharedMemory${'Status' | 'Register' | 'Unregister'}`;

export type RouteName = ServedRoute | UnservedRoute;

interface Route {
  name: RouteName;
  method: 'GET' | 'POST';
  /** Segments of the path; `{model}`, `{version}` and `{region}` take any one segment. */
  path: readonly string[];
}

const route = (method: Route['method'], path: string, name: RouteName): Route => ({
  name,
  method,
  path: path.split('/'),
});
const get = (path: string, name: RouteName): Route => route('GET', path, name);
const post = (path: string, name: RouteName): Route => route('POST', path, name);

const routes: readonly Route[] = [
  get('v2', 'ServerMetadata'),
  get('v2/health/live', 'ServerLive'),
  get('v2/health/ready', 'ServerReady'),
  get('v2/models', 'ModelList'),
  get('v2/models/stats', 'ModelStatistics'),
  get('metrics', 'Metrics'),
  post('v2/repository/index', 'RepositoryIndex'),
  post('v2/repository/models/{model}/load', 'RepositoryModelLoad'),
  post('v2/repository/models/{model}/unload', 'RepositoryModelUnload'),
  ...['v2/models/{model}', 'v2/models/{model}/versions/{version}'].flatMap((path) => [
    get(path, 'ModelMetadata'),
    get(`${path}/ready`, 'ModelReady'),
    get(`${path}/stats`, 'ModelStatistics'),
    get(`${path}/config`, 'ModelConfig'),
    post(`${path}/infer`, 'ModelInfer'),
  ]),
  ...['v2/trace/setting', 'v2/models/{model}/trace/setting'].flatMap((path) => [
    get(path, 'TraceSetting'),
    post(path, 'TraceSetting'),
  ]),
  get('v2/logging', 'LogSettings'),
  post('v2/logging', 'LogSettings'),
  ...(['System', 'Cuda'] as const).flatMap((kind) => {
    const path = `v2/${kind.toLowerCase()}sharedmemory`;
    return [
      get(`${path}/status`, `${kind}SharedMemoryStatus`),
      get(`${path}/region/{region}/status`, `${kind}SharedMemoryStatus`),
      post(`${path}/region/{region}/register`, `${kind}SharedMemoryRegister`),
      post(`${path}/unregister`, `${kind}SharedMemoryUnregister`),
      post(`${path}/region/{region}/unregister`, `${kind}SharedMemoryUnregister`),
    ];
  }),
];

/** Routes by their number of segments, so that a request is compared with few. */
const byLength = new Map<number, Route[]>();
for (const one of routes) byLength.set(one.path.length, [...(byLength.get(one.path.length) ?? []), one]);

export type RouteMatch =
  | { kind: 'route'; name: RouteName; model: string; version: string }
  /** The path exists with other methods, named in `allow`. */
  | { kind: 'method'; name: RouteName; allow: string[] }
  | { kind: 'none' };

/**
 * What a request line means. Segments are split before they are decoded and never joined again, so that a name such as
 * `../x` or `%2e%2e` is only a name. A segment that is no valid percent-encoding matches nothing. A fixed path goes
 * before one with a name in it: `/v2/models/stats` is the statistics of all models, and a model called `stats` is asked
 * for as `/v2/models/%73tats`.
 */
export function matchRoute(method: string, url: string): Readonly<RouteMatch> {
  const key = `${method} ${url}`;
  const known = matched.get(key);
  if (known) return known;
  const match = findRoute(method, url);
  if (matched.size >= rememberedMatches) matched.clear();
  if (key.length <= rememberedLength) matched.set(key, match);
  return match;
}

/** What request lines of late meant: a client asks for few, and for the same ones all the time. */
const matched = new Map<string, RouteMatch>();
const rememberedMatches = 256;
const rememberedLength = 256;

function findRoute(method: string, url: string): RouteMatch {
  // A proxy may send the whole URL.
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '');
  const query = target.indexOf('?');
  const segments = (query === -1 ? target : target.slice(0, query)).split('/');
  if (segments[0] === '') segments.shift();
  if (segments.at(-1) === '') segments.pop();
  const candidates = byLength.get(segments.length);
  if (!candidates) return { kind: 'none' };
  const wanted = method === 'HEAD' ? 'GET' : method;
  const allow: Route[] = [];
  for (const candidate of candidates) {
    if (!matches(candidate, segments)) continue;
    if (candidate.method === wanted) return capture(candidate, segments);
    // Of two paths that match, the first is the fixed one.
    if (allow.length === 0 || allow[0]?.name === candidate.name) allow.push(candidate);
  }
  const [first] = allow;
  if (!first) return { kind: 'none' };
  const methods = allow.flatMap((one) => (one.method === 'GET' ? ['GET', 'HEAD'] : ['POST']));
  return { kind: 'method', name: first.name, allow: methods };
}

function matches({ path }: Route, segments: readonly string[]): boolean {
  for (let index = 0; index < path.length; index++) {
    const part = path[index] as string;
    const segment = segments[index] as string;
    if (part.startsWith('{') ? segment === '' : part !== segment) return false;
  }
  return true;
}

function capture({ name, path }: Route, segments: readonly string[]): RouteMatch {
  let model = '';
  let version = '';
  for (let index = 0; index < path.length; index++) {
    const part = path[index];
    if (!part?.startsWith('{')) continue;
    const decoded = decodeSegment(segments[index] as string);
    if (decoded === undefined) return { kind: 'none' };
    if (part === '{model}') model = decoded;
    else if (part === '{version}') version = decoded;
  }
  return { kind: 'route', name, model, version };
}

function decodeSegment(segment: string): string | undefined {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
