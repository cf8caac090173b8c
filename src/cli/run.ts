/** Runs one command: builds its context, prints what it returns or throws, and gives the exit code. */
import type { CommandContext, CommandResult, PhaseRecord } from '../commands/context.js';
import type { ConfigFlags } from '../config/overrides.js';
import { ExitCode } from '../errors.js';
import { printable } from '../plain-text.js';
import { addToSummary, inGithubActions } from './github.js';
import { exitCodeOf, jsonAnswer } from './output.js';
import { createProgress, type ProgressMode } from './progress/create.js';
import type { ProgressDisplay } from './progress/display.js';
import { eventProgress, fanOut } from './progress/events.js';
import { writeError, writeJson, writeWarning } from './write.js';

/** The flags that every command has, as commander gives them. */
export interface GlobalFlags {
  config?: string;
  name?: string;
  engine?: string;
  allowInsecureEngine?: boolean;
  json?: boolean;
  progress?: ProgressMode;
  verbose?: boolean;
  grpcPort?: string;
  httpPort?: string;
  timeout?: string;
  budget?: string;
  ttl?: string;
  /** Of verbs that start a server its TLS, auto or off; of those that are given an address, a switch. */
  tls?: string | boolean;
  /** Of `up`: one JSON object a line, as things happen. */
  events?: boolean;
}

/** What the process lends to commands. */
export interface Terminal {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  env: NodeJS.ProcessEnv;
  cwd: string;
  signal: AbortSignal;
}

/** How a command went, for the summary of a CI job. */
export interface Outcome<Data> {
  /** Absent where the command could not do its work. */
  data: Data | undefined;
  error: unknown;
  /** The phases that finished. */
  phases: readonly PhaseRecord[];
}

/** A text with colours, in which what others said is harmless already. */
export interface Painted {
  painted: string;
}

/** The flags that reach the config. */
export function configFlags(flags: GlobalFlags): ConfigFlags {
  const { config, name, engine, grpcPort, httpPort, timeout, budget, ttl, tls } = flags;
  const ofFile = { config, name, engine, timeout, budget, ttl, 'grpc-port': grpcPort, 'http-port': httpPort };
  return { ...ofFile, ...(typeof tls === 'string' && { tls }) };
}

/** A command's context in this terminal. Its progress has an end, before which nothing else may be written. */
export async function terminalContext(
  { stderr, env, cwd, signal }: Terminal,
  { progress = 'auto', events, allowInsecureEngine }: GlobalFlags,
): Promise<CommandContext & { progress: ProgressDisplay }> {
  // Who reads the events does not look at the lines, unless they are asked for.
  const mode = events && progress === 'auto' ? 'quiet' : progress;
  const asked = allowInsecureEngine ? { ...env, KSERVE_ENV_ALLOW_INSECURE_ENGINE: '1' } : env;
  return { env: asked, cwd, signal, progress: await createProgress(mode, stderr, env) };
}

/**
 * @param render for people
 * @param summary Markdown for the summary of a CI job; empty for none
 * @returns the exit code; everything is printed already
 */
export async function runCommand<Data>(
  name: string,
  terminal: Terminal,
  flags: GlobalFlags,
  command: (context: CommandContext) => Promise<CommandResult<Data>>,
  render: (data: Data) => string | Painted,
  summary?: (outcome: Outcome<Data>) => string,
): Promise<ExitCode> {
  const { stdout, env } = terminal;
  const context = await terminalContext(terminal, flags);
  const phases: PhaseRecord[] = [];
  const summarise = (data: Data | undefined, error: unknown) => {
    if (summary === undefined || !inGithubActions(env)) return;
    const markdown = summary({ data, error, phases });
    if (markdown !== '') addToSummary(env, markdown);
  };
  try {
    const remember = (record: PhaseRecord) => phases.push(record);
    const progress = fanOut([context.progress, ...(flags.events ? [eventsOn(stdout)] : [])], remember);
    const result = await command({ ...context, progress });
    context.progress.end();
    printResult(name, terminal, flags, result, render);
    summarise(result.data, result.failure);
    return result.failure === undefined ? ExitCode.ok : result.failure.exitCode;
  } catch (thrown) {
    context.progress.end();
    summarise(undefined, causeOf(thrown, terminal));
    return reportError(name, terminal, flags, thrown);
  }
}

function eventsOn(stdout: NodeJS.WriteStream) {
  // Whether anybody still reads the events is no reason to stop halfway.
  stdout.removeAllListeners('error').on('error', () => {});
  return eventProgress((event) => writeJson(stdout, event, 0));
}

function printResult<Data>(
  name: string,
  terminal: Terminal,
  flags: GlobalFlags,
  { data, warnings, failure }: CommandResult<Data>,
  render: (data: Data) => string | Painted,
): void {
  const { stdout } = terminal;
  if (flags.json || flags.events) {
    if (flags.events) for (const text of warnings) writeJson(stdout, { event: 'warning', time: now(), text }, 0);
    writeAnswer(terminal, flags, jsonAnswer(name, data, warnings, failure));
    return;
  }
  const text = render(data);
  if (typeof text !== 'string') stdout.write(`${text.painted}\n`);
  // Bytes of a model may be anything. To a file or program they go as they are.
  else if (text !== '') stdout.write(`${stdout.isTTY ? printable(text) : text}\n`);
  for (const warning of warnings) writeWarning(name, terminal, warning);
  if (failure) writeError(name, terminal, failure, flags.verbose === true);
}

/**
 * Prints an error where it belongs. An interruption counts as such, whatever it made fail.
 * @param space indentation of JSON; 0 in a stream of one object a line
 */
export function reportError(
  name: string,
  terminal: Terminal,
  flags: GlobalFlags,
  thrown: unknown,
  space?: number,
): ExitCode {
  const error = causeOf(thrown, terminal);
  if (flags.json || flags.events) writeAnswer(terminal, flags, jsonAnswer(name, null, [], error), space);
  else writeError(name, terminal, error, flags.verbose === true);
  return exitCodeOf(error);
}

function causeOf(thrown: unknown, { signal }: Terminal): unknown {
  return signal.aborted ? signal.reason : thrown;
}

/** As the last of the events, an answer says that it is the result. */
function writeAnswer({ stdout }: Terminal, { events }: GlobalFlags, answer: object, space?: number): void {
  if (events) writeJson(stdout, { event: 'result', time: now(), ...answer }, 0);
  else writeJson(stdout, answer, space);
}

function now(): string {
  return new Date().toISOString();
}
