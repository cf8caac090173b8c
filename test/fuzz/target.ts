/** What is fuzzed: where its inputs come from, and how one is tried. */
import type { Random } from '../torture/random.js';

/** What is wrong with how an input was met; undefined where nothing is. */
export type Verdict = string | undefined;

/** Makes an input of another one; `others` are all of the corpus. */
export type Mutate = (input: Buffer, random: Random, others: readonly Buffer[]) => Buffer;

/** Tries inputs with a server in a process of its own, by connections that it keeps or makes. */
export interface WireLane extends Disposable {
  try(input: Buffer): Promise<Verdict>;
}

export interface Target {
  /** As `--only` and the directory of its corpus have it. */
  name: string;
  mutate: Mutate;
  /** Tries an input in this process. */
  tryHere?: (input: Buffer) => Verdict | Promise<Verdict>;
  /** Tries inputs with a server at these ports. */
  openLane?: (ports: { grpcPort: number; httpPort: number }) => WireLane;
}

/** Milliseconds in which any input must have been met. */
export const patienceMs = 10_000;

/** The verdict on what was thrown: fine where `expected` says so. */
export function thrown(error: unknown, expected: (error: Error) => boolean): Verdict {
  if (error instanceof Error && expected(error)) return undefined;
  return `throws ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
