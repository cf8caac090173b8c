/** Names of the labels that mark what is ours, the same in every engine. */

/** What every label of ours begins with. */
export const labelPrefix = 'dev.kserve-env.';

/** Set by the engine on the container and on the network: the environment's name. */
export const nameLabel = `${labelPrefix}name`;

/** Set on images that kserve-env assembled: digest of everything in the image but this label. */
export const contentLabel = `${labelPrefix}content`;

/** Name of the container, and of the network, of one environment. */
export function containerName(environment: string): string {
  return `kserve-env-${environment}`;
}
