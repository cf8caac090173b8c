/** The reports of `smoke` that are files: known to have a place before the run, and whole or not there at all after it. */
import { randomBytes } from 'node:crypto';
import { access, constants, open, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ReportKind, rendererOf, reportKinds } from '../checks/report/renderers.js';
import type { RunReport, SetUpTimes } from '../checks/report/run-report.js';
import { engineContext } from '../engine/detect.js';
import { errorCode } from '../engine/error-code.js';
import { openStateDir } from '../engine/process/state-dir.js';
import { readHistory, type SetUpRecord } from '../environment/history.js';
import { phaseTitles } from '../environment/phases.js';
import { UsageError } from '../errors.js';
import { makeDirectory } from '../make-directory.js';
import type { CommandContext } from './context.js';
import type { ServerAddress } from './find-environment.js';
import { fileNotWritten, writeBeside } from './write-beside.js';

/** Where to write each report, relative to the directory of the command. `-` is for the caller, who has `stdout`. */
export type ReportFiles = { [Kind in ReportKind]?: string };

/** A report that was written. */
export interface WrittenReport {
  kind: ReportKind;
  /** Absolute. */
  path: string;
}

/** A report with a path of its own. */
interface Wanted {
  kind: ReportKind;
  path: string;
}

function wantedOf(files: ReportFiles, cwd: string): Wanted[] {
  return reportKinds.flatMap((kind) => {
    const file = files[kind];
    return file === undefined || file === '-' ? [] : [{ kind, path: resolve(cwd, file) }];
  });
}

/**
 * Makes the directories of the reports, and sees that files can be made in them: nobody wants to learn after the run
 * that its report has no place.
 * @throws UsageError where two reports have one place; with code FILE_NOT_WRITTEN, exit code 2
 */
export async function assertWritable(files: ReportFiles, { cwd }: CommandContext): Promise<void> {
  const toStdout = reportKinds.filter((kind) => files[kind] === '-');
  if (toStdout.length > 1) {
    throw new UsageError(
      `Standard output takes one report, not ${toStdout.map((kind) => `--${kind} -`).join(' and ')}`,
    );
  }
  const wanted = wantedOf(files, cwd);
  for (const { kind, path } of wanted) {
    const other = wanted.find((one) => one.kind !== kind && one.path === path);
    if (other) throw new UsageError(`--${kind} and --${other.kind} name the same file, ${path}`);
    await assertPlace(path, `--${kind}`);
  }
}

/** Sees that a file can be made there, and makes its directory. Throws with code FILE_NOT_WRITTEN, naming the flag. */
export async function assertPlace(path: string, flag: string): Promise<void> {
  const place = await placeOf(path);
  if (place.kind === 'directory') throw fileNotWritten(path, 'is a directory', flag);
  try {
    if (place.kind === 'device') return await access(path, constants.W_OK);
    makeDirectory(dirname(place.path));
    const trial = `${place.path}.${randomBytes(4).toString('hex')}.part`;
    await (await open(trial, 'wx')).close();
    await rm(trial, { force: true });
  } catch (cause) {
    throw fileNotWritten(path, `cannot be written (${errorCode(cause)})`, flag, cause);
  }
}

/** Writes every report, in place of a file that is there. Throws with code FILE_NOT_WRITTEN. */
export async function writeReports(
  files: ReportFiles,
  report: RunReport,
  { cwd, signal }: CommandContext,
): Promise<WrittenReport[]> {
  const written: WrittenReport[] = [];
  for (const { kind, path } of wantedOf(files, cwd)) {
    const text = (await rendererOf(kind))(report);
    await writeText(text, { path, flag: `--${kind}`, cwd, signal });
    written.push({ kind, path });
  }
  return written;
}

/** Writes a text to a file, in place of one that is there. Throws with code FILE_NOT_WRITTEN, naming the flag. */
export async function writeText(
  text: string,
  { path, flag, cwd, signal }: { path: string; flag: string } & Pick<CommandContext, 'cwd' | 'signal'>,
): Promise<void> {
  const place = await placeOf(path);
  // What is no file, such as /dev/stdout or a pipe, is written to and not replaced.
  if (place.kind === 'device') await writeFile(path, text);
  else await writeBeside(once(text), { cwd, path: place.path, force: true, signal, flag });
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, 'utf8');
}

/** What a path leads to; a link stays, and what it leads to is replaced. */
async function placeOf(path: string): Promise<{ kind: 'file' | 'directory' | 'device'; path: string }> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return { kind: 'file', path };
  if (found.isDirectory()) return { kind: 'directory', path };
  return found.isFile() ? { kind: 'file', path: await realpath(path) } : { kind: 'device', path };
}

/** How long our environment took to set up, the last time that there was something to do; undefined where nobody knows. */
export function lastSetUp({ name }: ServerAddress, { env }: CommandContext): SetUpTimes | undefined {
  if (name === undefined) return undefined;
  const record = historyOf(env).findLast(
    (one) => one.name === name && (one.outcome === 'create' || one.outcome === 'recreate'),
  );
  if (record === undefined) return undefined;
  const { time, engine, phases, totalMs, budgetMs } = record;
  return {
    time,
    engine,
    phases: phases.map(({ phase, ms, cached }) => ({ title: phaseTitles[phase], ms, cached })),
    totalMs,
    budgetMs,
  };
}

/** Without a directory for state there is no history, and still a server to check. */
function historyOf(env: CommandContext['env']): SetUpRecord[] {
  try {
    return readHistory(openStateDir(engineContext(env)));
  } catch {
    return [];
  }
}
