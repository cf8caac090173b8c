/** Checks of room: memory, CPUs, disk, and the directories that kserve-env writes to. */
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { EngineKind } from '../../engine/engine.js';
import { ExitCode } from '../../errors.js';
import { bytesWord, type Finding, failed, passed, skipped, warned } from './finding.js';

const mebibyte = 1024 * 1024;

/** What there is on the machine that will run the server, and what the config wants. */
export interface MemoryFacts {
  totalBytes: number;
  /** Not in use right now; known of this machine only. */
  availableBytes?: number;
  wantedMiB: number;
}

/** A bound above what there is is taken by every engine, and then bounds nothing: so it is no failure. */
export function judgeMemory({ totalBytes, availableBytes, wantedMiB }: MemoryFacts): Finding {
  const wanted = `${wantedMiB} MiB for the server`;
  const least = availableBytes === undefined ? totalBytes : Math.min(totalBytes, availableBytes);
  const there =
    availableBytes === undefined
      ? `${bytesWord(totalBytes)} in all`
      : `${bytesWord(availableBytes)} free of ${bytesWord(totalBytes)}`;
  const details = { totalBytes, ...(availableBytes !== undefined && { availableBytes }), wantedMiB };
  if (least >= wantedMiB * mebibyte) return passed(`${there}, ${wanted}`, details);
  const isTotal = totalBytes < wantedMiB * mebibyte;
  const remedy = isTotal ? 'set resources.memoryMiB to less' : 'end other programs, or set resources.memoryMiB to less';
  return warned(`${there}, too little to hold ${wanted}`, remedy, details);
}

/** How many CPUs there are, and the share that the config wants. */
export interface CpuFacts {
  kind: EngineKind;
  there: number;
  wanted: number;
}

/** Docker refuses to make a container that may use more CPUs than there are. */
export function judgeCpus({ kind, there, wanted }: CpuFacts): Finding {
  const found = `${there} there, ${wanted} for the server`;
  const details = { there, wanted };
  if (wanted <= there) return passed(found, details);
  const remedy = `set resources.cpus to ${there} or less`;
  if (kind === 'docker') {
    return failed(`${found}: the daemon refuses that`, remedy, ExitCode.engineUnreachable, details);
  }
  return warned(`${found}, more than there are`, remedy, details);
}

/** What an image takes, unpacked, with room for a second one while it is replaced. */
const imageBytes = { needed: 150 * mebibyte, comfortable: 1024 * mebibyte };

/** Where the daemon keeps images, and how much room is there. */
export interface ImageDiskFacts {
  kind: EngineKind;
  /** Undefined where that cannot be told from here. */
  directory?: string | undefined;
  freeBytes?: number | undefined;
}

/** An image that is there already needs no more room, but its containers and their logs do. */
export function judgeImageDisk({ kind, directory, freeBytes }: ImageDiskFacts): Finding {
  if (directory === undefined || freeBytes === undefined) {
    return skipped('the daemon keeps images where this machine cannot look');
  }
  const found = `${bytesWord(freeBytes)} free in ${directory}`;
  const details = { directory, freeBytes };
  const remedy = `${kind} system df shows what takes room, ${kind} image prune frees some`;
  if (freeBytes < imageBytes.needed) {
    return failed(`${found}: an image takes up to ${bytesWord(imageBytes.needed)}`, remedy, ExitCode.image, details);
  }
  return freeBytes < imageBytes.comfortable
    ? warned(`${found}, which is soon used up`, remedy, details)
    : passed(found, details);
}

/** How a directory is, or would be if it were made. */
export interface DirectoryFacts {
  path: string;
  exists: boolean;
  /** Why it cannot be used. */
  problem?: string;
  /** On its file system. */
  freeBytes?: number;
}

/** A directory that kserve-env writes to, and how much it needs. */
export interface DirectoryNeeds {
  what: 'state' | 'cache';
  variable: string;
  /** With less than this free nothing can be written. */
  neededBytes: number;
  /** With less than this it will soon be full. */
  comfortableBytes: number;
}

/** Without a place for state nothing can be set up; without a cache everything works, and takes longer. */
export function judgeDirectories(candidates: DirectoryFacts[], needs: DirectoryNeeds): Finding {
  const { what, variable } = needs;
  const choose = `export ${variable}=DIRECTORY, one that you may write to`;
  const refuse = (found: string, remedy: string, details: Record<string, unknown>) =>
    what === 'state' ? failed(found, remedy, ExitCode.engineUnreachable, details) : warned(found, remedy, details);
  const [first] = candidates;
  const usable = candidates.find(({ problem }) => problem === undefined);
  if (first === undefined) return refuse('this user has no home', choose, {});
  if (usable === undefined) return refuse(String(first.problem), choose, { candidates });
  const { path, exists, freeBytes } = usable;
  const details = { ...usable };
  const room = freeBytes === undefined ? '' : `, ${bytesWord(freeBytes)} free`;
  const found = `${path}${exists ? '' : ', made when it is needed'}${room}`;
  const other = `free some, or export ${variable}=DIRECTORY on another disk`;
  if (freeBytes !== undefined && freeBytes < needs.neededBytes) return refuse(`no room: ${found}`, other, details);
  if (usable !== first) return warned(`${first.problem}; used instead: ${found}`, choose, details);
  if (freeBytes !== undefined && freeBytes < needs.comfortableBytes)
    return warned(`little room: ${found}`, other, details);
  return passed(found, details);
}

/** Looks at a directory without making it: what is not there yet is as good as the nearest directory above it. */
export async function lookAtDirectory(path: string, uid: number | undefined): Promise<DirectoryFacts> {
  const info = await stat(path).catch(codeOf);
  const exists = typeof info === 'object';
  if (!exists && info !== 'ENOENT') return { path, exists, problem: `${path} cannot be used: ${info}` };
  const there = exists ? path : await nearestAbove(path);
  const facts = { path, exists, ...(await freeBytesOf(there)) };
  const isDirectory = exists ? info.isDirectory() : (await stat(there)).isDirectory();
  if (!isDirectory) return { ...facts, problem: `${there} is no directory` };
  if (exists && uid !== undefined && info.uid !== uid) return { ...facts, problem: `${path} belongs to another user` };
  if (exists && uid !== undefined && (info.mode & 0o002) !== 0)
    return { ...facts, problem: `others may write to ${path}` };
  const refused = await access(there, constants.W_OK | constants.X_OK).then(() => undefined, codeOf);
  return refused === undefined ? facts : { ...facts, problem: `${there} cannot be written to: ${refused}` };
}

/** Room for this user on the file system of a path; nothing where the system does not tell. */
export async function freeBytesOf(path: string): Promise<{ freeBytes?: number }> {
  try {
    const { bavail, bsize } = await statfs(path);
    return { freeBytes: bavail * bsize };
  } catch {
    return {};
  }
}

async function nearestAbove(path: string): Promise<string> {
  for (let directory = dirname(resolve(path)); ; directory = dirname(directory)) {
    const isThere = await stat(directory).then(
      () => true,
      () => false,
    );
    if (isThere || dirname(directory) === directory) return directory;
  }
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? error.message;
}
