/** Prints the server's output: its own streams again, or as JSON. */
import { type LogLine, logs } from '../commands/logs.js';

import { ExitCode } from '../errors.js';
import { jsonAnswer } from './output.js';
import { configFlags, type GlobalFlags, reportError, type Terminal, terminalContext } from './run.js';
import { writeJson } from './write.js';

/** Flags of `logs`, durations in milliseconds. */
export interface LogsFlags extends GlobalFlags {
  follow?: boolean;
  tail?: number;
  since?: number;
}

/** With `--json`: one object with all lines, or with `--follow` one object a line (NDJSON). */
export async function printLogs(terminal: Terminal, flags: LogsFlags): Promise<ExitCode> {
  const { stdout, stderr } = terminal;
  const { follow, tail, since } = flags;
  const options = {
    flags: configFlags(flags),
    ...(follow && { follow }),
    ...(tail !== undefined && { tail }),
    ...(since !== undefined && { sinceMs: since }),
  };
  const lines: LogLine[] = [];
  try {
    for await (const line of logs(options, await terminalContext(terminal, flags))) {
      if (flags.json && follow) writeJson(stdout, line, 0);
      else if (flags.json) lines.push(line);
      else (line.stream === 'stderr' ? stderr : stdout).write(`${line.line}\n`);
    }
    if (flags.json && !follow) writeJson(stdout, jsonAnswer('logs', { lines }, []));
    return ExitCode.ok;
  } catch (error) {
    // To follow until Ctrl-C is what was asked for.
    if (follow && terminal.signal.aborted) return ExitCode.ok;
    return reportError('logs', terminal, flags, error, follow ? 0 : undefined);
  }
}
