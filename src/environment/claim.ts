/**
 * Claims on environments: a file a claimant. Its name says whose it is and is never used again, so that anybody may take
 * away the file of a dead process; its content says the rest, and is written in place, always as many bytes.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { errorCode } from '../engine/error-code.js';
import { isAlive, ownMark, type ProcessMark, pidOfMark, processMarkPattern } from '../engine/process/identity.js';

/** What a command is about to do, so that the next one can end it if this one is killed. */
const intentSchema = z.object({
  /** `make`: the instance labelled with the claim's nonce is half made. `remove`: what is no longer running goes. */
  kind: z.enum(['make', 'remove']),
  engine: z.enum(['docker', 'podman', 'process']),
  /** Of the engine, as `Engine.info` tells it. */
  endpoint: z.string(),
  /** ID of the instance; unknown while the engine is being asked to make it. */
  instance: z.string().optional(),
});
export type Intent = z.output<typeof intentSchema>;

const contentSchema = z.object({
  /** Who has the smallest is first; absent while it is being chosen. */
  ticket: z.int().positive().optional(),
  /** The claimant has done with the environment, and left something undone. */
  released: z.boolean().optional(),
  intent: intentSchema.optional(),
});
export type ClaimContent = z.output<typeof contentSchema>;

/** A file that was seen. */
export interface Claim {
  path: string;
  /** Name of the environment. */
  name: string;
  mark: ProcessMark;
  pid: number;
  nonce: string;
}

/** A file of this process. */
export interface OwnClaim extends Claim {
  write(content: ClaimContent): Promise<void>;
  /** Takes the file away. */
  drop(): Promise<void>;
  /** Leaves the file for the next command. */
  leave(): Promise<void>;
}

/** Bytes of every file: in one write, and long enough for any endpoint. */
const contentBytes = 4096;
/** An environment's name has no `~`. */
const fileName = new RegExp(`^([^~]+)~(${processMarkPattern})~([0-9a-f]{32})$`);

/** Makes a claim that has no ticket yet. */
export async function openClaim(stateDir: string, name: string): Promise<OwnClaim> {
  const mark = await ownMark();
  const nonce = randomBytes(16).toString('hex');
  const path = join(directoryOf(stateDir), `${name}~${mark}~${nonce}`);
  const file = await create(path, directoryOf(stateDir));
  return {
    ...{ path, name, mark, nonce, pid: pidOfMark(mark) },
    async write(content) {
      await file.write(toBlock(content), 0, contentBytes, 0);
    },
    async drop() {
      await file.close();
      await rm(path, { force: true });
    },
    leave: () => file.close(),
  };
}

/** All claims on an environment, or on any; none where there is no directory. */
export async function listClaims(stateDir: string, name?: string): Promise<Claim[]> {
  const directory = directoryOf(stateDir);
  const entries = await readdir(directory).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  return entries.flatMap((entry) => {
    const [, of, mark, nonce] = fileName.exec(entry) ?? [];
    if (of === undefined || mark === undefined || nonce === undefined) return [];
    if (name !== undefined && of !== name) return [];
    return [{ path: join(directory, entry), name: of, mark, nonce, pid: pidOfMark(mark) }];
  });
}

/** What a claim says: `gone` where the file is no more, `choosing` where nothing whole has been written yet. */
export async function readClaim({ path }: Claim): Promise<ClaimContent | 'gone' | 'choosing'> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'gone';
    throw error;
  }
  return fromBlock(text) ?? 'choosing';
}

/** Whether whoever made the claim may still act on it. */
export async function isHeld(claim: Claim): Promise<boolean> {
  return await isAlive(claim.mark);
}

/** Takes away a file that nobody needs any more; nothing there is no error. */
export async function dropClaim({ path }: Claim): Promise<void> {
  await rm(path, { force: true });
}

function directoryOf(stateDir: string): string {
  return join(stateDir, '.locks');
}

async function create(path: string, directory: string): Promise<FileHandle> {
  for (let attempt = 0; ; attempt += 1) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    try {
      return await open(path, 'wx+', 0o600);
    } catch (error) {
      // Somebody may remove the whole directory at any time.
      if (errorCode(error) !== 'ENOENT' || attempt === 3) throw error;
    }
  }
}

/** The digest tells a whole text from one that is being written. */
function toBlock(content: ClaimContent): Buffer {
  const text = JSON.stringify(content);
  const block = Buffer.alloc(contentBytes, ' ');
  const length = block.write(`${digest(text)} ${text}`);
  if (length >= contentBytes) throw new Error('A claim is too long for its file');
  block.write('\n', contentBytes - 1);
  return block;
}

function fromBlock(block: string): ClaimContent | undefined {
  const [, sum, text] = /^([0-9a-f]{16}) (\{.*\}) *\n$/.exec(block) ?? [];
  if (text === undefined || digest(text) !== sum) return undefined;
  const parsed = contentSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
