/** Runs one command: builds its context, prints what it returns or throws, and gives the exit code. */
import { stringify } from 'lossless-json';
import type { CommandContext, CommandResult } from '../commands/context.js';
import type { ConfigFlags } from '../config/load.js';
import { ExitCode } from '../errors.js';
import { errorText, exitCodeOf, jsonAnswer } from './output.js';
import { createProgress, type ProgressMode, painter } from './progress.js';

/** The flags that every command has, as commander gives them. */
export interface GlobalFlags {
  config?: string;
  name?: string;
  engine?: string;
  json?: boolean;
  progress?: ProgressMode;
  verbose?: boolean;
  grpcPort?: string;
  httpPort?: string;
  timeout?: string;
  budget?: string;
}

/** What the process lends to commands. */
export interface Terminal {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  env: NodeJS.ProcessEnv;
  cwd: string;
  signal: AbortSignal;
}

/** The flags that reach the config. */
export function configFlags(flags: GlobalFlags): ConfigFlags {
  const { config, name, engine, grpcPort, httpPort, timeout, budget } = flags;
  return { config, name, engine, timeout, budget, 'grpc-port': grpcPort, 'http-port': httpPort };
}

/** A command's context in this terminal. */
export async function terminalContext(
  { stderr, env, cwd, signal }: Terminal,
  flags: GlobalFlags,
): Promise<CommandContext> {
  return { env, cwd, signal, progress: await createProgress(flags.progress ?? 'auto', stderr, env) };
}

/** @returns the exit code; everything is printed already */
export async function runCommand<Data>(
  name: string,
  terminal: Terminal,
  flags: GlobalFlags,
  command: (context: CommandContext) => Promise<CommandResult<Data>>,
  render: (data: Data) => string,
): Promise<ExitCode> {
  const { stdout, stderr, env } = terminal;
  try {
    const { data, warnings, failure } = await command(await terminalContext(terminal, flags));
    if (flags.json) writeJson(stdout, jsonAnswer(name, data, warnings, failure));
    else {
      const text = render(data);
      if (text !== '') stdout.write(`${text}\n`);
      for (const warning of warnings) stderr.write(`${painter(stderr, env)('yellow', 'warning:')} ${warning}\n`);
      if (failure) stderr.write(`${errorText(failure, flags.verbose === true)}\n`);
    }
    return failure === undefined ? ExitCode.ok : failure.exitCode;
  } catch (thrown) {
    return reportError(name, terminal, flags, thrown);
  }
}

/**
 * Prints an error where it belongs. An interruption counts as such, whatever it made fail.
 * @param space indentation of JSON; 0 in a stream of one object a line
 */
export function reportError(
  name: string,
  { stdout, stderr, signal }: Terminal,
  flags: GlobalFlags,
  thrown: unknown,
  space?: number,
): ExitCode {
  const error = signal.aborted ? signal.reason : thrown;
  if (flags.json) writeJson(stdout, jsonAnswer(name, null, [], error), space);
  else stderr.write(`${errorText(error, flags.verbose === true)}\n`);
  return exitCodeOf(error);
}

/** Indented; int64 beyond 2^53 and −0 stay exact. */
export function writeJson(stdout: NodeJS.WriteStream, value: unknown, space?: number): void {
  const minusZero = { test: (number: unknown) => Object.is(number, -0), stringify: () => '-0' };
  stdout.write(`${stringify(value, undefined, space ?? 2, [minusZero])}\n`);
}
