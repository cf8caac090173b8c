/** The routes of the REST transport, and which of them a request means. */

/** Names of what can be asked; rest-server.ts says what each does. */
export type RouteName =
  | 'serverMetadata'
  | 'serverLive'
  | 'serverReady'
  | 'modelList'
  | 'modelMetadata'
  | 'modelReady'
  | 'modelInfer';

interface Route {
  name: RouteName;
  method: 'GET' | 'POST';
  /** Segments of the path; `{model}` and `{version}` take any one segment. */
  path: string[];
}

const get = (path: string, name: RouteName): Route => ({ name, method: 'GET', path: path.split('/') });
const post = (path: string, name: RouteName): Route => ({ name, method: 'POST', path: path.split('/') });

const routes: readonly Route[] = [
  get('v2', 'serverMetadata'),
  get('v2/health/live', 'serverLive'),
  get('v2/health/ready', 'serverReady'),
  get('v2/models', 'modelList'),
  ...['v2/models/{model}', 'v2/models/{model}/versions/{version}'].flatMap((path) => [
    get(path, 'modelMetadata'),
    get(`${path}/ready`, 'modelReady'),
    post(`${path}/infer`, 'modelInfer'),
  ]),
];

export type RouteMatch =
  | { kind: 'route'; name: RouteName; model: string; version: string }
  /** The path exists with other methods, named in `allow`. */
  | { kind: 'method'; allow: string[] }
  | { kind: 'none' };

/**
 * What a request line means. Segments are split before they are decoded and never joined again, so that a name such as
 * `../x` or `%2e%2e` is only a name. A segment that is no valid percent-encoding matches nothing.
 */
export function matchRoute(method: string, url: string): RouteMatch {
  const [path = ''] = url.split('?', 1);
  const segments = decodeSegments(path.replace(/^\//, '').replace(/\/$/, ''));
  if (!segments) return { kind: 'none' };
  const candidates = routes.filter((route) => matches(route, segments));
  const wanted = method === 'HEAD' ? 'GET' : method;
  const route = candidates.find((candidate) => candidate.method === wanted);
  if (route)
    return {
      kind: 'route',
      name: route.name,
      model: capture(route, segments, '{model}'),
      version: capture(route, segments, '{version}'),
    };
  if (candidates.length === 0) return { kind: 'none' };
  return {
    kind: 'method',
    allow: candidates.flatMap((candidate) => (candidate.method === 'GET' ? ['GET', 'HEAD'] : ['POST'])),
  };
}

function decodeSegments(path: string): string[] | undefined {
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function matches({ path }: Route, segments: string[]): boolean {
  return (
    path.length === segments.length &&
    path.every((part, index) => (part.startsWith('{') ? segments[index] !== '' : part === segments[index]))
  );
}

function capture({ path }: Route, segments: string[], part: string): string {
  return segments[path.indexOf(part)] ?? '';
}
