/** `logs`: the server's output, what there is or as it comes. */
import type { LogLine } from '../engine/engine.js';

import type { CommandContext, CommonOptions } from './context.js';
import { lookUp, NotRunningError } from './find-environment.js';

export type { LogLine };

/** Options of `logs`. */
export interface LogsOptions extends CommonOptions {
  follow?: boolean;
  /** Only the last so many lines. */
  tail?: number;
  /** Only lines written in the last so many milliseconds. */
  sinceMs?: number;
}

/**
 * Lines of the environment's server, running or not, oldest first.
 * @throws NotRunningError when there is no such environment
 */
export async function* logs(options: LogsOptions, context: CommandContext): AsyncGenerator<LogLine> {
  await using lookup = await lookUp(options, context);
  const [first] = lookup.found.filter(({ instance }) => instance.state !== 'incomplete');
  if (first === undefined) throw new NotRunningError(lookup.name, '', lookup.tried, options.flags);
  yield* first.engine.logs(first.instance, {
    signal: context.signal,
    ...(options.follow !== undefined && { follow: options.follow }),
    ...(options.tail !== undefined && { tail: options.tail }),
    ...(options.sinceMs !== undefined && { since: Date.now() - options.sinceMs }),
  });
}
