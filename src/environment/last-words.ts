/** What an engine still tells of a server that failed, before it is removed. Never an error: the first one matters more. */
import type { Engine, Instance, InstanceState } from '../engine/engine.js';

const logLinesShown = 10;
const limitMs = 2_000;

/** The end of the server's output; nothing if the engine cannot tell. */
export async function readLastLogLines(engine: Engine, instance: Instance): Promise<string[]> {
  const lines: string[] = [];
  try {
    const signal = AbortSignal.timeout(limitMs);
    for await (const { line } of engine.logs(instance, { tail: logLinesShown, signal })) lines.push(line);
  } catch {
    // What was read so far is what there is.
  }
  return lines;
}

/** What it is in now; undefined if the engine cannot tell. */
export async function stateNow(engine: Engine, { name, id }: Instance): Promise<InstanceState | 'gone' | undefined> {
  try {
    const found = await engine.inspect(name, AbortSignal.timeout(limitMs));
    return found?.id === id ? found.state : 'gone';
  } catch {
    return undefined;
  }
}
