/**
 * Runs a program from what V8 compiled of it before: to compile is half of what a command's start takes. It only saves
 * time: whatever is amiss with what was kept, the program is compiled.
 */
import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire, wrap } from 'node:module';
import { dirname, join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { constants, Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { makeDirectory } from '../make-directory.js';

/** Which code is meant. Another Node's, or that of another build, is never taken for it. */
export interface CodePlace {
  directory: string;
  /** What the program is started for: each use compiles other functions. */
  use: string;
  /** Digest of the program: V8 itself compares no more than its length. */
  digest: string;
}

/**
 * Runs a program of the CommonJS kind, as `require` would.
 * @param path of the program, whose text is ASCII
 * @param place of its compiled code; undefined to compile it
 * @returns keeps the code of all that has run by now, for the next time; undefined where it was there already
 */
export function runProgramFile(path: string, place: CodePlace | undefined): (() => void) | undefined {
  const cachedData = place && readCode(place);
  const script = new Script(wrap(readFileSync(path, 'latin1')), {
    filename: path,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path));
  if (place === undefined || (cachedData && !script.cachedDataRejected)) return undefined;
  return () => keepCode(place, script.createCachedData());
}

/** Of this Node: another build, or one that was given other flags, has another. */
function runtime(): string {
  const { version, arch, execPath } = process;
  return `${version}-${arch}-${statSync(execPath).size.toString(36)}-${cachedDataVersionTag().toString(36)}`;
}

const prefixOf = ({ use }: CodePlace) => `${use}-${runtime()}-`;
const suffixOf = ({ digest }: CodePlace) => `${digest}.code`;

/** It is run: nobody else may have written it, or be able to. */
function readCode(place: CodePlace): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(join(place.directory, prefixOf(place) + suffixOf(place)), 'r');
    const { uid, mode } = fstatSync(file);
    const trusted = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
    return trusted ? unsealed(readFileSync(file)) : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Bytes of the checksum at the end. V8 looks at the head of what it is given, and dies of damage anywhere else. */
const sealSize = 4;

function sealed(code: Buffer): Buffer {
  const seal = Buffer.alloc(sealSize);
  seal.writeUInt32LE(crc32(code));
  return Buffer.concat([code, seal]);
}

function unsealed(bytes: Buffer): Buffer | undefined {
  if (bytes.length < sealSize) return undefined;
  const code = bytes.subarray(0, -sealSize);
  return crc32(code) === bytes.readUInt32LE(code.length) ? code : undefined;
}

/** Synchronous, since nothing else is done while a process exits. */
function keepCode(place: CodePlace, code: Buffer): void {
  const { directory } = place;
  const prefix = prefixOf(place);
  const own = prefix + suffixOf(place);
  const path = join(directory, own);
  const next = `${path}.${process.pid}`;
  try {
    makeDirectory(directory, 0o700);
    writeFileSync(next, sealed(code), { mode: 0o600 });
    renameSync(next, path);
    for (const file of readdirSync(directory).filter((name) => name !== own)) {
      const isReplaced = file.startsWith(prefix);
      if (isReplaced || isStale(join(directory, file))) removeIfThere(join(directory, file));
    }
  } catch {
    // A home that cannot be written to costs the time of compiling, and nothing else.
    removeIfThere(next);
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path);
  } catch {
    // It is not there, or nothing can be.
  }
}

/** Milliseconds. What is older is of a Node or a version that is gone; what is not is made anew, once a month. */
const staleMs = 30 * 24 * 3600 * 1000;

function isStale(path: string): boolean {
  return Date.now() - statSync(path).mtimeMs > staleMs;
}
