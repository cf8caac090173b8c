/** The daemon's image store. */
import { Readable } from 'node:stream';
import { KServeEnvError } from '../../errors.js';
import { EngineFailedError } from '../engine.js';
import { ImageError, type ImageInfo, type ImageStore } from '../image-store.js';
import { buildImage } from './build.js';
import { callDaemon, type Daemon, openAnswer } from './call.js';
import { DaemonRefusal, failed } from './daemon-errors.js';
import { daemonWords, readMessages } from './json-lines.js';
import { pullImage } from './pull.js';
import { remoteImage } from './remote-image.js';
import { imageListReply, imageReply, readReply } from './replies.js';

/** Image handling of one Docker daemon. */
export function dockerImages(daemon: Daemon): ImageStore {
  async function find(reference: string, signal?: AbortSignal): Promise<ImageInfo | undefined> {
    const path = `/images/${encodeURI(reference)}/json`;
    const reply = await callDaemon(daemon, { method: 'GET', path, signal })
      .catch(absent)
      .catch(refused(`Image ${reference} could not be looked for`));
    if (reply === undefined) return undefined;
    const image = readReply(imageReply, reply, daemon.transport.endpoint);
    return {
      id: image.Id,
      layers: image.RootFS?.Layers ?? [],
      labels: image.Config?.Labels ?? {},
      tags: image.RepoTags,
      digests: image.RepoDigests,
      os: image.Os ?? '',
      architecture: image.Architecture ?? '',
    };
  }

  return {
    find,

    async load(archive, signal) {
      const upload = Readable.from(archive, { objectMode: false });
      try {
        // With progress: the daemon unpacks for a while after the last byte was sent, and its words are signs of life.
        const answer = await openAnswer(daemon, {
          method: 'POST',
          path: '/images/load',
          query: { quiet: false },
          upload,
          limit: 'idle',
          signal,
        });
        for await (const _ of readMessages(answer.body));
      } catch (error) {
        signal?.throwIfAborted();
        // What our own end threw, such as a file that cannot be read, says more than the connection it tore.
        throw loadError(upload.errored ?? error);
      } finally {
        upload.destroy();
      }
    },

    remote: (request) => remoteImage(daemon, request),

    pull: (request) => pullImage(daemon, request),

    build: (request) => buildImage(daemon, request),

    async *save(reference, signal) {
      const path = `/images/${encodeURI(reference)}/get`;
      try {
        const answer = await openAnswer(daemon, { method: 'GET', path, limit: 'idle', signal });
        yield* answer.body;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof DaemonRefusal)) throw error;
        throw new ImageError('IMAGE_SAVE_FAILED', `${reference} could not be saved: ${error.words}`, { cause: error });
      }
    },

    async remove(reference, signal) {
      const path = `/images/${encodeURI(reference)}`;
      try {
        await callDaemon(daemon, { method: 'DELETE', path, signal }).catch(absent);
      } catch (error) {
        if (!(error instanceof DaemonRefusal)) throw error;
        throw new EngineFailedError(`Image ${reference} could not be removed: ${error.words}`, { cause: error });
      }
    },

    async list(label, signal) {
      const reply = await callDaemon(daemon, {
        method: 'GET',
        path: '/images/json',
        query: { filters: JSON.stringify({ label: [label] }) },
        signal,
      }).catch(refused('The images could not be listed'));
      const listed = readReply(imageListReply, reply, daemon.transport.endpoint);
      const images = await Promise.all(listed.map(({ Id }) => find(Id, signal)));
      return images.filter((image) => image !== undefined);
    },
  };
}

/** For `catch`: a 404 means that there is none. */
function absent(error: unknown): undefined {
  if (error instanceof DaemonRefusal && error.status === 404) return undefined;
  throw error;
}

/** For `catch`: a refusal without a meaning of its own. */
function refused(what: string): (error: unknown) => never {
  return (error) => {
    throw failed(what, error);
  };
}

function loadError(error: unknown): unknown {
  if (error instanceof KServeEnvError) return error;
  return new ImageError('IMAGE_LOAD_FAILED', `The image could not be loaded: ${daemonWords(error)}`, { cause: error });
}
