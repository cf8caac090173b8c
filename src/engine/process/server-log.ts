/** Reads the log file of a server: its lines, and the ports that it says it listens on. */
import { type FileHandle, open } from 'node:fs/promises';
import type { LogLine, LogOptions } from '../engine.js';
import { errorCode } from '../error-code.js';
import { LineBuffer } from '../line-buffer.js';
import { pause } from '../settle.js';

const pollMs = 50;
const chunkBytes = 64 * 1024;

/** Says that no more will be written. */
export type Ended = () => Promise<boolean>;

/**
 * The lines of a log. With `follow` it waits for more until `ended`. Both streams of the server are in one file, which
 * keeps their order: what is a line of JSON came from stdout, where the server writes nothing else.
 */
export async function* readServerLog(path: string, options: LogOptions, ended: Ended): AsyncGenerator<LogLine> {
  const { tail, since, follow, signal } = options;
  let instant = Number.NEGATIVE_INFINITY;
  let held: LogLine[] | undefined = tail === undefined ? undefined : [];
  for await (const line of followLines(path, 0, follow ? ended : async () => true, signal)) {
    if (line === endSoFar) {
      // Only what was there at the start is counted from its end; what comes later is all shown.
      if (held) yield* held;
      held = undefined;
      continue;
    }
    const fields = asObject(line);
    const time = typeof fields?.time === 'string' ? Date.parse(fields.time) : Number.NaN;
    // A line that tells no time, of a stack trace for example, belongs to the one before.
    if (!Number.isNaN(time)) instant = time;
    if (since !== undefined && instant < since) continue;
    const logLine: LogLine = { stream: fields ? 'stdout' : 'stderr', line };
    if (held === undefined) yield logLine;
    else if (held.push(logLine) > (tail ?? 0)) held.shift();
  }
}

/** What the server's first words say. */
export type Startup =
  | { kind: 'listening'; grpcPort: number; httpPort: number }
  /** It ended before it listened; `lines` are its last words. */
  | { kind: 'ended'; lines: string[] };

/** Reads on from a place in the log until the server says where it listens, or ends. */
export async function awaitStartup(path: string, from: number, ended: Ended, signal?: AbortSignal): Promise<Startup> {
  const lines: string[] = [];
  for await (const line of followLines(path, from, ended, signal)) {
    if (line === endSoFar) continue;
    const { grpcPort, httpPort } = asObject(line) ?? {};
    if (typeof grpcPort === 'number' && typeof httpPort === 'number' && grpcPort > 0 && httpPort > 0)
      return { kind: 'listening', grpcPort, httpPort };
    if (lines.push(line) > 50) lines.shift();
  }
  return { kind: 'ended', lines };
}

const endSoFar = Symbol('the end of what was written until now');

async function* followLines(
  path: string,
  from: number,
  ended: Ended,
  signal?: AbortSignal,
): AsyncGenerator<string | typeof endSoFar> {
  const buffer = new LineBuffer();
  let file: FileHandle | undefined;
  let position = from;
  try {
    while (true) {
      signal?.throwIfAborted();
      // Asked before reading: what was written before the end is read after it.
      const last = await ended();
      file ??= await open(path, 'r').catch(notYet);
      for (let bytes = await readAt(file, position); bytes.length > 0; bytes = await readAt(file, position)) {
        position += bytes.length;
        yield* buffer.push(bytes);
      }
      if (last) break;
      yield endSoFar;
      await pause(pollMs, signal);
    }
    const rest = buffer.rest();
    if (rest !== undefined) yield rest;
    yield endSoFar;
  } finally {
    await file?.close();
  }
}

async function readAt(file: FileHandle | undefined, position: number): Promise<Buffer> {
  if (!file) return Buffer.alloc(0);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, position);
  return buffer.subarray(0, bytesRead);
}

function notYet(error: unknown): undefined {
  if (errorCode(error) === 'ENOENT') return undefined;
  throw error;
}

function asObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
