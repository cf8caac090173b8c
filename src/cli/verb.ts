/** What the files of `verbs/` add themselves to. */
import type { Command } from 'commander';
import type { CommandContext, CommandResult } from '../commands/context.js';
import type { ExitCode } from '../errors.js';
import type { GlobalFlags, Outcome, Painted, Terminal } from './run.js';

/** The command line that a verb is added to. */
export interface Cli {
  terminal: Terminal;
  /** All of it, for a verb that tells of the others. */
  program: Command;
  /** A new verb. The flags that all verbs have are added to it later. */
  verb(nameAndArguments: string, description: string): Command;
  /** Runs the verb's command, and prints its result or its error. */
  run<Data>(
    name: string,
    flags: GlobalFlags,
    command: (context: CommandContext) => Promise<CommandResult<Data>>,
    render: (data: Data) => string | Painted,
    /** Markdown for the page of a CI job; empty for none. */
    summary?: (outcome: Outcome<Data>) => string,
  ): Promise<void>;
  /** Gives the exit code, for a verb that prints by itself. */
  finish(exitCode: ExitCode): void;
}
