/** The daemon's image store. */
import { Readable } from 'node:stream';
import { KServeEnvError } from '../../errors.js';
import { EngineFailedError, ImageError, type ImageInfo, type ImageStore } from '../engine.js';
import { LineBuffer } from '../line-buffer.js';
import { callDaemon, type Daemon, type DaemonAnswer, openAnswer } from './call.js';
import { DaemonRefusal } from './daemon-errors.js';
import { imageListReply, imageReply, readReply } from './replies.js';

/** Image handling of one Docker daemon. */
export function dockerImages(daemon: Daemon): ImageStore {
  async function find(reference: string, signal?: AbortSignal): Promise<ImageInfo | undefined> {
    const path = `/images/${encodeURI(reference)}/json`;
    const reply = await callDaemon(daemon, { method: 'GET', path, signal }).catch(absent);
    if (reply === undefined) return undefined;
    const image = readReply(imageReply, reply, daemon.transport.endpoint);
    return {
      id: image.Id,
      layers: image.RootFS?.Layers ?? [],
      labels: image.Config?.Labels ?? {},
      tags: image.RepoTags,
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
        await readProgress(answer);
      } catch (error) {
        signal?.throwIfAborted();
        // What our own end threw, such as a file that cannot be read, says more than the connection it tore.
        throw loadError(upload.errored ?? error);
      } finally {
        upload.destroy();
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
      });
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

/** Reads the lines of JSON that `load` answers: the failure of a load comes with status 200, as a line with `error`. */
async function readProgress(answer: DaemonAnswer): Promise<void> {
  const lines = new LineBuffer();
  const read = (line: string | undefined) => {
    const said = line === undefined || line.trim() === '' ? undefined : errorIn(line);
    if (said !== undefined) throw new ImageError('IMAGE_LOAD_FAILED', `The image could not be loaded: ${said}`);
  };
  try {
    for await (const chunk of answer.body) for (const line of lines.push(Buffer.from(chunk))) read(line);
    read(lines.rest());
  } finally {
    answer.close();
  }
}

function errorIn(line: string): string | undefined {
  try {
    const message: unknown = JSON.parse(line);
    if (typeof message !== 'object' || message === null || !('error' in message)) return undefined;
    return String(message.error);
  } catch {
    return `the daemon answered ${JSON.stringify(line.slice(0, 200))}`;
  }
}

function loadError(error: unknown): unknown {
  if (error instanceof KServeEnvError) return error;
  const words = error instanceof DaemonRefusal ? error.words : String(error);
  return new ImageError('IMAGE_LOAD_FAILED', `The image could not be loaded: ${words}`, { cause: error });
}
