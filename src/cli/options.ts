/** Options that several verbs share, and how their values are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../duration.js';
import { configFlags, type GlobalFlags } from './run.js';

/** The flags that say which server is meant. */
export interface TargetFlags extends GlobalFlags {
  endpoint?: string;
  restUrl?: string;
}

/** Here a time-out is a call's own, in milliseconds, and no setting of the config. */
export type CallFlags = Omit<TargetFlags, 'timeout'> & { timeout: number };

/** The host ports of verbs that start a server. */
export function withPorts(command: Command): Command {
  return command
    .option('--grpc-port <port>', 'gRPC port on 127.0.0.1, or auto (default: 9081)')
    .option('--http-port <port>', 'REST port on 127.0.0.1, or auto (default: 9080)');
}

/** The addresses of verbs that talk to a server, ours or any other. */
export function withTarget(command: Command): Command {
  return command
    .option('--endpoint <host:port>', 'gRPC endpoint of any server, instead of the environment')
    .option('--rest-url <url>', 'REST base URL of any server, instead of the environment');
}

/** What those flags mean to a command. */
export function target(flags: TargetFlags) {
  return { flags: configFlags(flags), ...pick(flags, 'endpoint', 'restUrl') };
}

/** The named options that were given, and no undefined ones. */
export function pick<Flags extends object, Key extends keyof Flags>(flags: Flags, ...keys: Key[]) {
  const given = keys.filter((key) => flags[key] !== undefined).map((key) => [key, flags[key]] as const);
  return Object.fromEntries(given) as { [K in Key]?: Exclude<Flags[K], undefined> };
}

/** For options that may be given several times. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** A duration with a default, shown in the help as it is written. */
export function durationOption(flags: string, description: string, standard: string): Option {
  return new Option(flags, description).argParser(duration).default(duration(standard), standard);
}

/** Milliseconds. Throws InvalidArgumentError, which commander reports as usage. */
export function duration(text: string): number {
  const value = parseDuration(text);
  if (value === undefined) throw new InvalidArgumentError('Expected a duration such as 90s or 5m.');
  return value;
}

/** Throws InvalidArgumentError, which commander reports as usage. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}

/** Throws InvalidArgumentError, which commander reports as usage. */
export function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('Expected a whole number of at least 1.');
  return value;
}
