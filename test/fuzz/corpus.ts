/** The inputs that all others are made of: files in corpus/<target>, to which each bug that is found adds one. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CorpusFile {
  name: string;
  bytes: Buffer;
}

/** In the order of their names. */
export function readCorpus(directory: string, target: string): CorpusFile[] {
  const place = join(directory, target);
  return readdirSync(place)
    .sort()
    .map((name) => ({ name, bytes: readFileSync(join(place, name)) }));
}

/** Keeps an input that something was wrong with; returns the path. */
export function keepInput(directory: string, target: string, input: Buffer): string {
  const place = join(directory, target);
  mkdirSync(place, { recursive: true });
  const path = join(place, `found-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`);
  writeFileSync(path, input);
  return path;
}
