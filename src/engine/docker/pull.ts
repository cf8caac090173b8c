/** Pulls an image: `POST /images/create`, read to its last line. */
import { KServeEnvError } from '../../errors.js';
import { ImageError, type PullRequest, type RegistryAuth } from '../image-store.js';
import { type Daemon, openAnswer } from './call.js';
import { daemonWords, readMessages } from './json-lines.js';
import { pullError } from './pull-errors.js';
import { pullTracker } from './pull-tracker.js';

/**
 * The daemon tries again by itself for minutes while a registry is gone. It is given up when nothing arrived for as long
 * as it may be silent.
 * @throws ImageError, in the daemon's words; EngineUnreachableError when it says nothing at all
 */
export async function pullImage(daemon: Daemon, request: PullRequest): Promise<void> {
  const { repository, tag, platform, auth, onProgress, signal } = request;
  const reference = fullReference(request);
  try {
    const answer = await openAnswer(daemon, {
      method: 'POST',
      path: '/images/create',
      query: { fromImage: repository, tag, ...(platform !== undefined && { platform }) },
      ...(auth && { headers: { 'X-Registry-Auth': encodeAuth(auth) } }),
      limit: 'idle',
      signal,
    });
    const tracker = pullTracker();
    let advanced = performance.now();
    for await (const message of readMessages(answer.body)) {
      const now = performance.now();
      if (tracker.take(message)) {
        advanced = now;
        onProgress?.(tracker.progress());
      } else if (now - advanced > daemon.limits.idleMs) throw stalled(reference, now - advanced, message.status);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof KServeEnvError) throw error;
    throw pullError(reference, daemonWords(error), { kind: daemon.kind, cause: error });
  }
}

/** Repository and tag, or digest, in one. */
export function fullReference({ repository, tag }: Pick<PullRequest, 'repository' | 'tag'>): string {
  return `${repository}${tag.includes(':') ? '@' : ':'}${tag}`;
}

/** URL-safe and padded: without the padding the daemon goes on as if there were no login. */
export function encodeAuth(auth: RegistryAuth): string {
  return Buffer.from(JSON.stringify(auth)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

function stalled(reference: string, milliseconds: number, words: string | null | undefined): ImageError {
  const seconds = (milliseconds / 1000).toFixed(0);
  const last = words ? `: the daemon says ${words}` : '';
  return new ImageError('IMAGE_PULL_FAILED', `Nothing of ${reference} arrived for ${seconds} s${last}`, {
    hint: 'see whether the registry can be reached from where the daemon runs, then try again',
    retryable: true,
    details: { reference, stalled: true },
  });
}
