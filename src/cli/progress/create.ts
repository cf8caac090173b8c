/** Chooses how progress is shown: drawn on a terminal, as lines elsewhere, or not at all. */
import { silentProgress } from '../../commands/context.js';
import { type Environment, painter } from '../colour.js';
import { inGithubActions } from '../github.js';
import { symbolsFor } from '../symbols.js';
import type { Drawing, ProgressDisplay } from './display.js';
import { plainProgress } from './plain.js';

/** Ways to show progress, as `--progress` takes them. */
export const progressModes = ['auto', 'tty', 'plain', 'quiet'] as const;
export type ProgressMode = (typeof progressModes)[number];

/** The display of a mode; `auto` draws on a terminal outside CI. */
export async function createProgress(
  mode: ProgressMode,
  stream: NodeJS.WriteStream,
  env: Environment,
): Promise<ProgressDisplay> {
  if (mode === 'quiet') return { ...silentProgress, end() {} };
  const drawing: Drawing = { stream, paint: painter(stream, env), symbols: symbolsFor(env) };
  const { isTTY } = stream;
  // A terminal that knows no width, as some remote ones, cannot be drawn on: rows would be counted without end.
  const drawable = isTTY !== true || (stream.columns ?? 80) > 0;
  const wanted = mode === 'tty' || (mode === 'auto' && isTTY === true && !env.CI && env.TERM !== 'dumb');
  // Loaded where it is drawn: most calls in scripts never need it.
  if (drawable && wanted) return (await import('./live.js')).liveProgress(drawing);
  const plain = plainProgress(drawing);
  if (!inGithubActions(env)) return plain;
  return (await import('./github-groups.js')).groupedProgress(plain, stream);
}
