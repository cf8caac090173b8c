/** The few refusals that Docker and Podman put in different words: each is known by what it means, not by who says it. */
import { DaemonRefusal } from './daemon-errors.js';

/**
 * The container's name is given away already. Docker says so by 409; Podman by 500, and `the container name "x" is
 * already in use by ID`.
 */
export function isNameTaken(error: unknown): error is DaemonRefusal {
  return refuses(error, 409, /container name .* is already in use/i);
}

/** The network's name is given away already: 409 of Docker, 500 and `network already exists` of Podman 4. */
export function isNetworkThere(error: unknown): error is DaemonRefusal {
  return refuses(error, 409, /network (?:name .* already used|already exists)/i);
}

/**
 * The container is on its way out by somebody else's hand. Docker: 409 and `removal of container x is already in
 * progress`; Podman: 500, and that its state, its lock or its storage is no longer as it was a moment ago.
 */
export function isRemovalUnderWay(error: unknown): error is DaemonRefusal {
  return refuses(error, 409, /already in progress|being removed|no such container|container state improper/i);
}

/** There is none: 404, or 500 of a Podman that found it gone between two looks of its own. */
export function isGone(error: unknown): boolean {
  return refuses(error, 404, /no such container|does not exist in database/i);
}

/** Containers are attached to the network: 403 of Docker, 409 or 500 of Podman. */
export function isNetworkInUse(error: unknown): error is DaemonRefusal {
  return refuses(error, 403, /associated containers|being used|network is in use/i);
}

/** The addresses that a network was asked to have are another one's: `Pool overlaps with other one on this address space`. */
export function isPoolTaken(error: unknown): error is DaemonRefusal {
  return error instanceof DaemonRefusal && /overlaps with other/i.test(error.words);
}

/**
 * The machine's network interfaces changed while Podman read the list of them (`route ip+net: no such network interface`),
 * as they do when others start and end containers. Asked again, it succeeds.
 */
export function isPassing(error: unknown): error is DaemonRefusal {
  return error instanceof DaemonRefusal && error.status === 500 && /no such network interface/i.test(error.words);
}

/** The container names a network that is not there, which Podman wants to see first. */
export function isNetworkMissing(error: unknown): error is DaemonRefusal {
  return error instanceof DaemonRefusal && /unable to find network|network not found/i.test(error.words);
}

/** The program that would be the container's first process is not installed where the daemon runs (`catatonit`). */
export function isInitMissing(error: unknown): error is DaemonRefusal {
  return error instanceof DaemonRefusal && /container-init binary not found|catatonit/i.test(error.words);
}

function refuses(error: unknown, status: number, words: RegExp): error is DaemonRefusal {
  if (!(error instanceof DaemonRefusal)) return false;
  return error.status === status || (error.status >= 409 && words.test(error.words));
}
