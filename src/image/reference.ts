/** Image references as Docker reads them. Pure. */

/** A reference that has passed the config's schema, in its parts. */
export interface ImageReference {
  /** Host of the registry, with its port; `docker.io` where none is written. */
  registry: string;
  /** What is before tag and digest, as it was written. */
  repository: string;
  /** The repository on its registry: `library/node` for `node`. */
  path: string;
  tag?: string;
  /** `sha256:…` */
  digest?: string;
  /** The name that the engine knows it by: with a tag, `latest` where none is written, or with the digest alone. */
  name: string;
}

/** Takes a reference apart. Source: reference.ParseNormalizedNamed of the distribution project. */
export function parseReference(text: string): ImageReference {
  const [named = '', digest] = text.split('@');
  // A colon before a slash belongs to the host's port.
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const repository = colon === -1 ? named : named.slice(0, colon);
  const tag = colon === -1 ? undefined : named.slice(colon + 1);
  const slash = repository.indexOf('/');
  const first = slash === -1 ? '' : repository.slice(0, slash);
  const hasHost = first === 'localhost' || /[.:A-Z]/.test(first);
  const rest = hasHost ? repository.slice(slash + 1) : repository;
  const registry = hasHost ? normalHost(first) : 'docker.io';
  return {
    registry,
    repository,
    path: registry === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
    name: digest === undefined ? `${repository}:${tag ?? 'latest'}` : `${repository}@${digest}`,
  };
}

/** Docker Hub has had other names, which still are written. */
function normalHost(host: string): string {
  return host === 'index.docker.io' ? 'docker.io' : host;
}
