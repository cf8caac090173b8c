/** The output of a container. */
import { EngineFailedError, type Instance, type LogLine, type LogOptions } from '../engine.js';
import { type Daemon, type DaemonAnswer, openAnswer } from './call.js';
import { DaemonRefusal } from './daemon-errors.js';
import { isGone } from './dialect.js';
import { readLogStream } from './log-stream.js';

/** Lines of a container that is there; an empty log for one that is not. With `follow` until it ends. */
export async function* containerLogs(
  daemon: Daemon,
  instance: Instance,
  options: LogOptions = {},
): AsyncGenerator<LogLine> {
  // A left-over network has the ID of no container, and never said a word.
  if (instance.state === 'incomplete') return;
  let answer: DaemonAnswer;
  try {
    answer = await openAnswer(daemon, {
      method: 'GET',
      path: `/containers/${instance.id}/logs`,
      query: {
        stdout: true,
        stderr: true,
        follow: options.follow ?? false,
        ...(options.tail !== undefined && { tail: options.tail }),
        ...(options.since !== undefined && { since: (options.since / 1000).toFixed(3) }),
      },
      // Someone who follows waits for the server, which may be silent for as long as it likes.
      limit: options.follow ? 'none' : 'idle',
      signal: options.signal,
    });
  } catch (error) {
    if (!(error instanceof DaemonRefusal)) throw error;
    if (isGone(error)) return;
    throw new EngineFailedError(`The log of ${instance.name} could not be read: ${error.words}`, { cause: error });
  }
  try {
    yield* readLogStream(answer.body);
  } finally {
    answer.close();
  }
}
