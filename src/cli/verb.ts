/** What the files of `verbs/` add themselves to. */
import type { Command } from 'commander';
import type { CommandContext, CommandResult } from '../commands/context.js';
import type { ExitCode } from '../errors.js';
import type { GlobalFlags, Terminal } from './run.js';

/** The command line that a verb is added to. */
export interface Cli {
  terminal: Terminal;
  /** A new verb, with the flags that all verbs have. */
  verb(nameAndArguments: string, description: string): Command;
  /** Runs the verb's command, and prints its result or its error. */
  run<Data>(
    name: string,
    flags: GlobalFlags,
    command: (context: CommandContext) => Promise<CommandResult<Data>>,
    render: (data: Data) => string,
  ): Promise<void>;
  /** Gives the exit code, for a verb that prints by itself. */
  finish(exitCode: ExitCode): void;
}
