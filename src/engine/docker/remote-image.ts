/** Lets the daemon ask a registry about an image, without pulling it: `GET /distribution/{name}/json`. */
import * as z from 'zod';
import type { RemoteImageRequest } from '../image-store.js';
import { callDaemon, type Daemon } from './call.js';
import { DaemonRefusal } from './daemon-errors.js';
import { encodeAuth, fullReference } from './pull.js';
import { pullError } from './pull-errors.js';
import { readReply } from './replies.js';

const distributionReply = z.object({ Descriptor: z.object({ digest: z.string() }) });

/** A daemon without this call has no such page, as Podman's words are. */
const unknownCall = /^(page )?not found$|unsupported|not supported/i;

/**
 * The digest that the registry has under this name, or undefined where the daemon cannot ask.
 * @throws ImageError, as a pull would
 */
export async function remoteImage(daemon: Daemon, request: RemoteImageRequest): Promise<string | undefined> {
  const { auth, signal } = request;
  const reference = fullReference(request);
  try {
    const reply = await callDaemon(daemon, {
      method: 'GET',
      path: `/distribution/${encodeURI(reference)}/json`,
      ...(auth && { headers: { 'X-Registry-Auth': encodeAuth(auth) } }),
      signal,
    });
    return readReply(distributionReply, reply, daemon.transport.endpoint).Descriptor.digest;
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof DaemonRefusal)) throw error;
    if (unknownCall.test(error.words)) return undefined;
    throw pullError(reference, error.words, { kind: daemon.kind, cause: error });
  }
}
