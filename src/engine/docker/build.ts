/** Builds an image: `POST /build`, with the daemon's own builder, read to its last line. */
import { Readable } from 'node:stream';
import { KServeEnvError } from '../../errors.js';
import { type BuildRequest, ImageError } from '../image-store.js';
import { type Daemon, openAnswer } from './call.js';
import { daemonWords, readMessages } from './json-lines.js';

/** How long a build may go on after its command was given up, in milliseconds. */
const longestFarewell = 1_000;

/**
 * An abort does not cut the connection at once: the daemon would finish the step under way, and leave its image to nobody
 * a moment later. The build runs nothing, and so is over soon.
 * @throws ImageError (IMAGE_BUILD_FAILED) in the daemon's words; what the context throws comes through whole
 */
export async function buildImage(daemon: Daemon, request: BuildRequest): Promise<void> {
  const { context, tag, buildArgs, platform, onStep, signal } = request;
  const upload = Readable.from(context, { objectMode: false });
  signal?.throwIfAborted();
  const cut = new AbortController();
  let farewell: NodeJS.Timeout | undefined;
  const onAbort = () => {
    farewell = setTimeout(() => cut.abort(signal?.reason), longestFarewell);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const answer = await openAnswer(daemon, {
      method: 'POST',
      path: '/build',
      query: {
        t: tag,
        buildargs: JSON.stringify(buildArgs),
        // Containers of steps go, of failed ones too.
        rm: true,
        forcerm: true,
        ...(platform !== undefined && { platform }),
      },
      upload,
      limit: 'idle',
      signal: cut.signal,
    });
    for await (const { stream } of readMessages(answer.body)) {
      const step = stream?.trim();
      if (step?.startsWith('Step ') || step?.startsWith('STEP ')) onStep?.(step);
    }
    signal?.throwIfAborted();
  } catch (error) {
    signal?.throwIfAborted();
    const cause = upload.errored ?? error;
    if (cause instanceof KServeEnvError) throw cause;
    throw new ImageError('IMAGE_BUILD_FAILED', `The image could not be built: ${daemonWords(cause)}`, {
      hint: 'see that image.base has a Node of version 20.19 or newer; docker build -f Dockerfile shows the steps',
      cause,
      details: { tag },
    });
  } finally {
    clearTimeout(farewell);
    signal?.removeEventListener('abort', onAbort);
    upload.destroy();
  }
}
