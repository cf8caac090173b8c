/** What a keeper has to know of its server, from the server's configuration. */
import type { ServerConfig } from '../../models/server-config.js';

/** Every name that a model of the server can be called by. */
export function modelNamesOf({ models }: Pick<ServerConfig, 'models'>): Set<string> {
  return new Set(models.flatMap(({ name, aliases }) => [name, ...aliases]));
}

/** Whether the server has certificates to show that are wrong. */
export function hasWrongCertificates({ tls }: Pick<ServerConfig, 'tls'>): boolean {
  return tls?.expired !== undefined && tls.wrong !== undefined;
}
