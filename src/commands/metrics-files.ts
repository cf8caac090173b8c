/** Where `metrics` reads from and writes to. */
import { once } from 'node:events';
import { lstat, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { addAbortSignal, type Readable, type Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ExitCode, KServeEnvError, UsageError } from '../errors.js';
import type { OtlpFormat } from '../metrics/otlp-document.js';
import type { CommandContext } from './context.js';
import { writeBeside } from './write-beside.js';

/** What says where the metrics go. */
export interface MetricsOutputOptions {
  /** File to write; standard output when absent or `-`. */
  output?: string;
  /** Replace a file that is there. */
  force?: boolean;
  /** Standard output; where there is none the metrics are part of the result. */
  stdout?: Writable & { isTTY?: boolean };
}

/** Where the metrics go. */
export interface MetricsOutput {
  /** Throws UsageError where metrics of the format cannot be written there. */
  assertTakes(format: OtlpFormat): void;
  /** Writes all of them, once. */
  write(bytes: Uint8Array, format: OtlpFormat): Promise<void>;
  /** Absolute; null for standard output. */
  path: string | null;
}

/** The bytes of a file, or of standard input for `-`. @throws UsageError when it cannot be read */
export async function readMetrics(
  input: string,
  stdin: Readable | undefined,
  { cwd, signal }: CommandContext,
): Promise<Uint8Array> {
  // Nobody may ever write to it.
  if (input === '-') return await buffer(addAbortSignal(signal, stdin ?? process.stdin));
  try {
    return await readFile(resolve(cwd, input), { signal });
  } catch (error) {
    signal.throwIfAborted();
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--input: ${input} cannot be read (${code})`, { cause: error });
  }
}

/** @throws with code FILE_EXISTS before anything is read or inferred */
export async function openOutput(
  { output = '-', force = false, stdout }: MetricsOutputOptions,
  { cwd, signal }: CommandContext,
): Promise<MetricsOutput> {
  if (output === '-') return toStream(stdout, signal);
  const path = resolve(cwd, output);
  if (!force && (await isThere(path))) {
    throw new KServeEnvError('FILE_EXISTS', ExitCode.usage, `${path} exists already`, {
      hint: '--force replaces it',
      details: { path },
    });
  }
  const content = async function* (bytes: Uint8Array) {
    yield bytes;
  };
  return {
    path,
    assertTakes() {},
    async write(bytes) {
      await writeBeside(content(bytes), { cwd, path, force, signal });
    },
  };
}

function toStream(stdout: MetricsOutputOptions['stdout'], signal: AbortSignal): MetricsOutput {
  const assertTakes = (format: OtlpFormat) => {
    if (format === 'json' || stdout?.isTTY !== true) return;
    throw new UsageError('Metrics in protobuf are not written to a terminal', { hint: 'add --output metrics.pb' });
  };
  return {
    path: null,
    assertTakes,
    async write(bytes, format) {
      if (stdout === undefined) return;
      assertTakes(format);
      if (!stdout.write(bytes)) await once(stdout, 'drain', { signal });
      // On a terminal what comes next begins a line of its own; elsewhere not a byte is added.
      if (stdout.isTTY && bytes.at(-1) !== 0x0a) stdout.write('\n');
    },
  };
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
