/** Asks the server in a container by its control socket, which only what runs in there reaches: by the server's own program. */
import type { Instance } from '../engine.js';
import { noControlAnswer, notRunning } from '../refusals.js';
import { withLimit } from '../settle.js';
import { callDaemon, type Daemon, openAnswer } from './call.js';
import { DaemonRefusal } from './daemon-errors.js';
import { readContainer } from './instances.js';
import { readLogStream } from './log-stream.js';
import { type ContainerReply, createReply, execReply, readReply } from './replies.js';
import { toState } from './to-instance.js';

const limitMs = 10_000;

/**
 * Runs `node <server> --control <request>` beside the server, as the image itself says how its server is run.
 * @throws EngineFailedError where the container does not run, or no line comes within ten seconds
 */
export async function askInContainer(
  daemon: Daemon,
  instance: Pick<Instance, 'id' | 'name'>,
  request: string,
  signal?: AbortSignal,
): Promise<string> {
  const late = (cause: unknown) => noControlAnswer(instance.name, `no answer within ${limitMs / 1000} s`, cause);
  try {
    return await withLimit(limitMs, signal, (within) => ask(daemon, instance, request, within), late);
  } catch (error) {
    throw error instanceof DaemonRefusal ? noControlAnswer(instance.name, error.words, error) : error;
  }
}

async function ask(
  daemon: Daemon,
  { id, name }: Pick<Instance, 'id' | 'name'>,
  request: string,
  signal: AbortSignal,
): Promise<string> {
  const container = await readContainer(daemon, id, signal);
  const state = container && toState(container.State.Status);
  if (container === undefined || state !== 'running') throw notRunning(name, state);
  const body = { AttachStdout: true, AttachStderr: true, Cmd: [...programOf(container), '--control', request] };
  const made = await callDaemon(daemon, { method: 'POST', path: `/containers/${id}/exec`, body, signal });
  const exec = readReply(createReply, made, daemon.transport.endpoint).Id;
  const said = await run(daemon, exec, signal);
  if (said.answer !== undefined) return said.answer;
  const ended = await callDaemon(daemon, { method: 'GET', path: `/exec/${exec}/json`, signal });
  const { ExitCode } = readReply(execReply, ended, daemon.transport.endpoint);
  throw noControlAnswer(name, said.words || `its program ended with ${ExitCode ?? 'no exit code'}`);
}

/** The first line that the program writes to stdout, and the last ones that it writes to stderr. */
async function run(
  daemon: Daemon,
  exec: string,
  signal: AbortSignal,
): Promise<{ answer: string | undefined; words: string }> {
  const body = { Detach: false, Tty: false };
  const output = await openAnswer(daemon, {
    method: 'POST',
    path: `/exec/${exec}/start`,
    body,
    limit: 'none',
    signal,
  });
  let answer: string | undefined;
  const words: string[] = [];
  try {
    for await (const { stream, line } of readLogStream(output.body)) {
      if (stream === 'stdout') answer ??= line;
      else if (words.push(line) > 3) words.shift();
    }
  } finally {
    output.close();
  }
  return { answer, words: words.join(' ') };
}

/** The container's first process without the init before it: Node, and the file of the server. */
function programOf({ Config }: ContainerReply): string[] {
  return [...(Config.Entrypoint ?? []), ...(Config.Cmd ?? [])];
}
