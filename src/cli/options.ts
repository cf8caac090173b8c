/** Options that several verbs share, and how their values are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { HeaderOptions } from '../commands/endpoint-headers.js';
import type { TlsOptions } from '../commands/endpoint-tls.js';
import { parseDuration } from '../duration.js';
import { configFlags, type GlobalFlags } from './run.js';

/** The flags that say which server is meant, and how it is spoken to. */
export interface TargetFlags extends GlobalFlags, Omit<TlsOptions, 'tls'>, Omit<HeaderOptions, 'headers'> {
  /** gRPC over TLS. */
  tls?: boolean;
  endpoint?: string;
  restUrl?: string;
  /** The same as `restUrl`; of `infer`, a switch of its own. */
  rest?: string | boolean;
  header?: string[];
}

/** Here a time-out is a call's own, in milliseconds, and no setting of the config. */
export type CallFlags = Omit<TargetFlags, 'timeout'> & { timeout: number };

/** The host ports of verbs that start a server. */
export function withPorts(command: Command): Command {
  return command
    .option('--grpc-port <port>', 'gRPC port on 127.0.0.1, or auto (default: 9081)')
    .option('--http-port <port>', 'REST port on 127.0.0.1, or auto (default: 9080)');
}

/** TLS of verbs that start a server. */
export function serverTlsOption(): Option {
  return new Option('--tls <mode>', 'TLS of both ports, with certificates made for it (default: off)').choices([
    'auto',
    'off',
  ]);
}

/** The help's heading of the flags that withTarget adds. */
const ofTheServer = 'Flags for any server, instead of the environment:';

/**
 * The address of verbs that talk to a server, ours or any other, and how it is spoken to. The names are curl's and
 * grpcurl's. `restAlias: false` is for the verb whose `--rest` is a switch.
 */
export function withTarget(command: Command, { restAlias = true } = {}): Command {
  const options = [
    new Option('--endpoint <host:port>', 'gRPC endpoint; grpcs://host:port is TLS'),
    new Option('--rest-url <url>', 'REST base URL, http or https'),
    ...(restAlias ? [new Option('--rest <url>', 'the same as --rest-url').conflicts('restUrl')] : []),
    new Option('--tls', 'gRPC over TLS'),
    ...connectionOptions(),
    new Option('--server-name <host>', "name that the server's certificate is for"),
  ];
  for (const option of options) command.addOption(option.helpGroup(ofTheServer));
  return command;
}

/** How any server is spoken to, wherever it is. */
export function connectionOptions(): Option[] {
  return [
    new Option('--cacert <file>', "certificates that the server's is checked against, PEM"),
    new Option('--cert <file>', 'a certificate of your own, PEM'),
    new Option('--key <file>', 'its key, PEM'),
    new Option('--insecure', 'take any certificate'),
    new Option('--token <token>', 'send authorization: Bearer TOKEN (or KSERVE_ENV_TOKEN)'),
    new Option('--token-file <file>', 'the token, from a file'),
    new Option('-H, --header <header>', "a header, 'name: value'; may be repeated").argParser(collect),
  ];
}

/** What those flags mean to a command. */
export function target(flags: TargetFlags) {
  const { header, rest } = flags;
  return {
    flags: configFlags(flags),
    ...(typeof rest === 'string' && { restUrl: rest }),
    ...pick(flags, 'endpoint', 'restUrl', 'tls', 'cacert', 'cert', 'key', 'serverName', 'insecure'),
    ...pick(flags, 'token', 'tokenFile'),
    ...(header && { headers: header }),
  };
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
