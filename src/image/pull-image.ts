/** Makes an image of a registry available, as the policy says: with a login, patience, and a look at what came. */

import { formatDuration } from '../duration.js';
import type { EngineInfo } from '../engine/engine.js';
import { ImageError, type ImageInfo, type ImageStore, type PullProgress } from '../engine/image-store.js';
import { pause } from '../engine/settle.js';
import { platformProblem } from './platform.js';
import { parseReference } from './reference.js';
import { type AuthContext, findAuth } from './registry-auth.js';

/** Whether a registry is asked for what the engine has already, or at all. */
export type PullPolicy = 'missing' | 'always' | 'never';

export interface PullOptions {
  reference: string;
  policy: PullPolicy;
  /** `linux/arm64`; the engine's own when absent. */
  platform?: string | undefined;
  engine: Pick<EngineInfo, 'os' | 'architecture' | 'title'>;
  auth: Omit<AuthContext, 'signal'>;
  signal?: AbortSignal | undefined;
  /** What is going on, for people. */
  onDetail?: ((detail: string) => void) | undefined;
  retries?: Partial<RetryPolicy>;
}

/** How often a pull is tried, and how long it waits in between. */
export interface RetryPolicy {
  attempts: number;
  /** Wait before the second attempt in milliseconds; it doubles each time. */
  firstDelayMs: number;
  /** From 0 to 1, for the jitter. */
  random: () => number;
}

export interface PulledImage {
  image: ImageInfo;
  /** It was there already, and no registry was asked. */
  cached: boolean;
  warnings: string[];
}

const standardRetries: RetryPolicy = { attempts: 3, firstDelayMs: 1_000, random: Math.random };

/**
 * @throws ImageError: IMAGE_NOT_FOUND, IMAGE_UNAUTHORIZED, IMAGE_RATE_LIMITED or IMAGE_PULL_FAILED
 */
export async function ensurePulled(images: ImageStore, options: PullOptions): Promise<PulledImage> {
  const { policy, engine, signal } = options;
  const reference = parseReference(options.reference);
  const { name } = reference;
  const there = await images.find(name, signal);
  const fits = there && platformProblem(there, engine, options.platform) === undefined;
  // What a digest names never becomes another thing.
  if (there && fits && (policy !== 'always' || reference.digest !== undefined))
    return { image: there, cached: true, warnings: [] };
  if (policy === 'never') throw neverPulled(name, there && platformProblem(there, engine, options.platform));

  const { auth, warnings } = await findAuth(reference, { ...options.auth, signal });
  try {
    await pullWithRetries(images, { ...options, auth, warnings });
  } catch (error) {
    signal?.throwIfAborted();
    const passing = error instanceof ImageError && error.retryable;
    if (!passing || !there || !fits) throw error;
    warnings.push(`${error.message}; using the ${name} that ${engine.title} has`);
    return { image: there, cached: true, warnings };
  }
  const image = await images.find(name, signal);
  if (image === undefined)
    throw new ImageError('IMAGE_PULL_FAILED', `The engine has not got ${name} after pulling it`, { retryable: true });
  if (reference.digest !== undefined && !image.digests.some((digest) => digest.endsWith(`@${reference.digest}`))) {
    throw new ImageError('IMAGE_PULL_FAILED', `What was pulled as ${name} has another digest`, {
      details: { expected: reference.digest, found: image.digests },
    });
  }
  const problem = platformProblem(image, engine, options.platform);
  if (problem !== undefined && options.platform !== undefined)
    throw new ImageError('IMAGE_PULL_FAILED', `What was pulled as ${name} is for another platform: ${problem}`, {
      hint: 'correct image.platform, or name an image that exists for it',
    });
  if (problem !== undefined) warnings.push(`${name} is for another platform, and may not run: ${problem}`);
  return { image, cached: false, warnings };
}

interface Attempts extends PullOptions {
  auth: PullOptions['auth'];
  warnings: string[];
}

async function pullWithRetries(
  images: ImageStore,
  options: Omit<Attempts, 'auth'> & { auth: Awaited<ReturnType<typeof findAuth>>['auth'] },
): Promise<void> {
  const { platform, auth, signal, onDetail, warnings } = options;
  const { repository, tag, digest } = parseReference(options.reference);
  const { attempts, firstDelayMs, random } = { ...standardRetries, ...options.retries };
  const show = onDetail && progressWords(onDetail);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await images.pull({ repository, tag: digest ?? tag ?? 'latest', platform, auth, onProgress: show, signal });
      return;
    } catch (error) {
      // After a stall the daemon has already tried for long enough.
      const passing = error instanceof ImageError && error.retryable && error.details.stalled !== true;
      if (!passing || attempt >= attempts) throw error;
      // Half of it is jitter, so that those who were refused together do not come back together.
      const delay = firstDelayMs * 2 ** (attempt - 1) * (0.5 + random());
      const words = `${error.message}; attempt ${attempt + 1} of ${attempts} in ${formatDuration(delay)}`;
      warnings.push(words);
      onDetail?.(words);
      await pause(delay, signal);
    }
  }
}

/** `3 of 5 layers, 41.2 of 104.3 MB, 12.0 MB/s`, from the counts that the engine gives. */
function progressWords(
  onDetail: (detail: string) => void,
  now = () => performance.now(),
): (progress: PullProgress) => void {
  const begin = now();
  return ({ layers, bytes }) => {
    const megabytes = (count: number) => (count / 1e6).toFixed(1);
    const seconds = (now() - begin) / 1000;
    const rate = seconds > 0.5 && bytes.done > 0 ? `, ${megabytes(bytes.done / seconds)} MB/s` : '';
    const amount = bytes.total > 0 ? `, ${megabytes(bytes.done)} of ${megabytes(bytes.total)} MB${rate}` : '';
    onDetail(`${layers.done} of ${layers.total} layers${amount}`);
  };
}

function neverPulled(name: string, problem: string | undefined): ImageError {
  const why = problem === undefined ? 'the engine has not got it' : problem;
  return new ImageError('IMAGE_NOT_FOUND', `${name} is not pulled, as image.pullPolicy is never, and ${why}`, {
    hint: 'kserve-env image load FILE brings it there, or set image.pullPolicy to missing',
    details: { reference: name },
  });
}
