/** One directory an environment, and in it one file that says which process it is. The directory is the claim. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { EngineFailedError, InstanceExistsError } from '../engine.js';
import { errorCode } from '../error-code.js';
import { isAlive, ownMark, processMarkPattern } from './identity.js';

const fileName = 'instance.json';
const logName = 'server.log';
/** Directories on their way in or out begin with a dot, which no environment's name does. */
const making = '.making-';
const removing = '.removing-';
/** Behind that comes the mark of the process that does it, so that the next one knows when it is dead. */
const onItsWay = new RegExp(`^\\.(?:making|removing)-(${processMarkPattern})-`);

const identity = z.object({ pid: z.int().positive(), startTime: z.string(), bootId: z.string() });

const recordSchema = z.object({
  /** Random, so that an environment is never taken for a later one of its name. */
  id: z.string().min(1),
  name: z.string().min(1),
  labels: z.record(z.string(), z.string()),
  env: z.record(z.string(), z.string()),
  ports: z.object({
    grpc: z.union([z.int(), z.literal('auto')]),
    http: z.union([z.int(), z.literal('auto')]),
  }),
  resources: z.object({ memoryMiB: z.number(), cpus: z.number() }),
  files: z.array(z.object({ source: z.string(), target: z.string() })).default([]),
  /** Path of the control socket, where the server was asked to have one. */
  controlSocket: z.string().optional(),
  createdAt: z.string(),
  /** Written before the process is there, so that one whose number was never noted can still be found. */
  startedAt: z.string().optional(),
  process: identity.optional(),
  endpoints: z.object({ host: z.literal('127.0.0.1'), grpcPort: z.int(), httpPort: z.int() }).optional(),
  exit: z.object({ exitCode: z.int().nullable(), signal: z.string().optional(), oomKilled: z.boolean() }).optional(),
});

/** All that is remembered of one environment. Its directory has mode 0700: `env` may hold secrets. */
export type InstanceRecord = z.output<typeof recordSchema>;

/** What stands under a name: a record, or a directory without a readable one. */
export type Entry = { kind: 'record'; record: InstanceRecord } | { kind: 'unreadable'; createdAt: string };

/** Access to the records in one state directory. */
export interface Records {
  logPath(name: string): string;
  directory(name: string): string;
  read(name: string): Promise<Entry | undefined>;
  names(): Promise<string[]>;
  /** @throws InstanceExistsError when the name has a directory */
  claim(record: Omit<InstanceRecord, 'id'>): Promise<InstanceRecord>;
  /** Replaces the file in one step. Nothing happens when the environment has gone meanwhile. */
  write(record: InstanceRecord): Promise<void>;
  /** Removes the directory if `belongs` says so of what is in it. */
  remove(name: string, belongs: (entry: Entry) => boolean): Promise<void>;
}

/** ID that stands for a directory without a readable record. */
export const unreadableId = 'unreadable';

export function openRecords(stateDir: string): Records {
  const directory = (name: string) => join(stateDir, name);

  async function readIn(path: string): Promise<Entry | undefined> {
    const found = await stat(path).catch(absent);
    if (!found) return undefined;
    // One that cannot be read, such as root's, must not keep anybody from all the others.
    const text = await readFile(join(path, fileName), 'utf8').catch(withoutText);
    const parsed = recordSchema.safeParse(parseJson(text));
    if (parsed.success) return { kind: 'record', record: parsed.data };
    return { kind: 'unreadable', createdAt: found.birthtime.toISOString() };
  }

  async function claim(fields: Omit<InstanceRecord, 'id'>): Promise<InstanceRecord> {
    const record = { ...fields, id: randomBytes(16).toString('hex') };
    const staged = await makingPath(stateDir, record.id);
    try {
      await mkdir(staged, { mode: 0o700 });
      await writeWhole(join(staged, fileName), JSON.stringify(record));
      // In one step the name is taken and its record complete; a directory that has something in it is not replaced.
      await rename(staged, directory(record.name));
      return record;
    } catch (error) {
      await rm(staged, { recursive: true, force: true });
      const code = errorCode(error);
      if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EPERM' || code === 'ENOTDIR')
        throw new InstanceExistsError(record.name, {
          cause: error,
          hint: `kserve-env down --name ${record.name}, or choose another name with --name`,
        });
      throw unwritable(stateDir, error);
    }
  }

  return {
    directory,
    logPath: (name) => join(stateDir, name, logName),
    read: (name) => readIn(directory(name)),

    async names() {
      const entries = await readdir(stateDir, { withFileTypes: true }).catch(absent);
      return (entries ?? [])
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
        .map(({ name }) => name);
    },

    claim,

    async write(record) {
      const path = join(directory(record.name), fileName);
      const current = await readIn(directory(record.name));
      if (current?.kind !== 'record' || current.record.id !== record.id) return;
      const next = `${path}.${randomBytes(4).toString('hex')}`;
      try {
        await writeWhole(next, JSON.stringify(record));
        await rename(next, path);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw unwritable(stateDir, error);
      }
    },

    async remove(name, belongs) {
      const leaving = join(stateDir, `${removing}${await ownMark()}-${randomBytes(16).toString('hex')}`);
      const entry = await readIn(directory(name));
      if (!entry || !belongs(entry)) return;
      try {
        await rename(directory(name), leaving);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return;
        throw unwritable(stateDir, error);
      }
      const moved = await readIn(leaving);
      if (moved && !belongs(moved)) {
        // Between the look and the move somebody removed ours and made theirs: it goes back untouched.
        await rename(leaving, directory(name));
        return;
      }
      await rm(leaving, { recursive: true, force: true });
    },
  };
}

/** Takes away what commands that were killed left between two steps. */
export async function sweepRecords(stateDir: string): Promise<void> {
  for (const entry of (await readdir(stateDir).catch(absent)) ?? []) {
    const mark = onItsWay.exec(entry)?.[1];
    if (mark !== undefined && !(await isAlive(mark))) await rm(join(stateDir, entry), { recursive: true, force: true });
  }
}

/**
 * Where something is made before it is given its place, in one step. Should this process be killed, the sweep takes it away.
 * @param id random
 */
export async function makingPath(stateDir: string, id: string): Promise<string> {
  return join(stateDir, `${making}${await ownMark()}-${id}`);
}

/**
 * Writes a file that is not there yet, down to the disk, for this user alone.
 * @param mode what it has in the end instead, whatever the umask takes away
 */
export async function writeWhole(path: string, text: string, mode?: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    if (mode !== undefined) await file.chmod(mode);
    // Renamed before its bytes are on the disk, a file may be empty after a power cut.
    await file.datasync();
  } finally {
    await file.close();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** For `catch`: what the system does not let us read says nothing. */
function withoutText(error: unknown): string {
  if (errorCode(error) === undefined) throw error;
  return '';
}

function absent(error: unknown): undefined {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}

function unwritable(stateDir: string, cause: unknown): EngineFailedError {
  return new EngineFailedError(`State could not be written in ${stateDir}: ${String(cause)}`, {
    cause,
    hint: 'set KSERVE_ENV_STATE_DIR to a directory that you may write to',
  });
}
