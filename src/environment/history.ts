/** The history of set-ups: a line each, in files of the state directory, which many commands may write at once. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineKind } from '../engine/engine.js';
import { type PhaseName, phaseTitles } from './phases.js';
import type { Plan } from './plan.js';

/** How long one phase of one set-up took. */
export interface TimedPhase {
  phase: PhaseName;
  /** Milliseconds. */
  ms: number;
  cached: boolean;
}

/** One `up`, as the history keeps it. */
export interface SetUpRecord {
  /** ISO 8601, when it ended. */
  time: string;
  name: string;
  engine: EngineKind;
  outcome: Plan['outcome'] | 'failed';
  /** Code of the error that the command ended with, though the environment may be up (`OVER_BUDGET`). */
  error?: string;
  /** The phase that did not finish. */
  failedPhase?: PhaseName;
  phases: TimedPhase[];
  /** Milliseconds from the command's start to its result. */
  totalMs: number;
  budgetMs: number;
  /** Of kserve-env. */
  version: string;
}

/** A line that makes readers forget what stands above it of the same name. */
interface Cleared {
  time: string;
  name: string;
  cleared: true;
}

/** Two of these at most are kept, some 450 set-ups: `up` reads them all, in a few milliseconds. */
const fileBytes = 128 * 1024;

const fileName = (generation: number) => `${generation}.ndjson`;

/** Where the history of a state directory is. The dot keeps it apart from environments' own directories. */
export function historyDir(stateDir: string): string {
  return join(stateDir, '.timings');
}

/**
 * Adds a record. A history that cannot be written is no reason for anything to fail, so nothing is ever thrown.
 * @param maxBytes of one file; for tests
 */
export function appendHistory(stateDir: string, record: SetUpRecord, maxBytes = fileBytes): void {
  append(stateDir, record, maxBytes);
}

/** @returns every record that can be read, oldest first; none where there is no history */
export function readHistory(stateDir: string): SetUpRecord[] {
  const directory = historyDir(stateDir);
  const records: SetUpRecord[] = [];
  for (const generation of generations(directory)) {
    for (const line of linesOf(join(directory, fileName(generation)))) {
      const entry = parseEntry(line);
      if (entry === undefined) continue;
      if (!('cleared' in entry)) records.push(entry);
      else records.splice(0, records.length, ...records.filter(({ name }) => name !== entry.name));
    }
  }
  return records;
}

/**
 * Forgets one environment's records, or all of them. A file that others may be writing is not rewritten: a line in it
 * says what to forget.
 */
export function clearHistory(stateDir: string, name?: string): void {
  if (name === undefined) rmSync(historyDir(stateDir), { recursive: true, force: true });
  else append(stateDir, { time: new Date().toISOString(), name, cleared: true }, fileBytes);
}

/**
 * One write in append mode, so that writers need no lock. A full file is never renamed or cut, which could take a line
 * from under another writer: the next one gets a higher number, and the last but one goes.
 */
function append(stateDir: string, entry: SetUpRecord | Cleared, maxBytes: number): void {
  const directory = historyDir(stateDir);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const existing = generations(directory);
    let newest = existing.at(-1) ?? 1;
    if (sizeOf(join(directory, fileName(newest))) >= maxBytes) newest += 1;
    // What a writer left half written on a full disk must not spoil the next line, so each begins on a line of its own.
    appendFileSync(join(directory, fileName(newest)), `\n${JSON.stringify(entry)}\n`, { mode: 0o600 });
    for (const old of existing) if (old < newest - 1) rmSync(join(directory, fileName(old)), { force: true });
  } catch {
    // Read-only, full or not ours: then there is no history.
  }
}

/** Numbers of the files that are there, oldest first. */
function generations(directory: string): number[] {
  try {
    return readdirSync(directory)
      .flatMap((name) => /^(\d{1,9})\.ndjson$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((left, right) => left - right);
  } catch {
    return [];
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    // Removed since it was listed.
    return [];
  }
}

/** Undefined for what another version, or half a write, left there. By hand: `up` reads this, and a schema takes time to load. */
function parseEntry(line: string): SetUpRecord | Cleared | undefined {
  if (line === '') return undefined;
  try {
    const entry = JSON.parse(line) as SetUpRecord & Partial<Cleared>;
    const strings = [entry.time, entry.name].every((value) => typeof value === 'string');
    if (!strings) return undefined;
    if (entry.cleared === true) return { time: entry.time, name: entry.name, cleared: true };
    const words = [entry.engine, entry.outcome, entry.version].every((value) => typeof value === 'string');
    const whole = words && isMs(entry.totalMs) && isMs(entry.budgetMs) && Array.isArray(entry.phases);
    return whole && entry.phases.every(isTimedPhase) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function isTimedPhase(value: TimedPhase | null): boolean {
  return (
    value !== null && Object.hasOwn(phaseTitles, value.phase) && isMs(value.ms) && typeof value.cached === 'boolean'
  );
}

function isMs(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
