/** The running environment that a command is about, or a server that somebody else runs. */
import { loadName } from '../config/load-name.js';
import type { ConfigFlags } from '../config/overrides.js';
import { connectEngine, engineContext, reachableEngines, type Tried } from '../engine/detect.js';
import type { Endpoints, Engine, Instance } from '../engine/engine.js';
import { type Observed, observe } from '../environment/observe.js';
import { ExitCode, KServeEnvError } from '../errors.js';
import type { ConnectionSettings } from '../protocol/connection.js';
import { quotedWord } from '../shell-word.js';
import type { CommandContext, CommonOptions } from './context.js';
import type { HeaderOptions } from './endpoint-headers.js';
import type { TlsOptions } from './endpoint-tls.js';

/** Nothing runs under that name. */
export class NotRunningError extends KServeEnvError {
  constructor(name: string, state: string, tried: Tried[], flags: ConfigFlags = {}, hint = commandLine('up', flags)) {
    const looked = tried.map(({ endpoint, outcome }) => `${endpoint}: ${outcome}`).join('; ');
    super('NOT_RUNNING', ExitCode.notRunning, `No environment named ${name} is running${state}`, {
      hint,
      details: { name, looked },
    });
  }
}

/** A command for the same environment: the flags that say which one are kept. */
function commandLine(verb: string, { config, name, engine }: ConfigFlags): string {
  const words = [config && `--config ${quotedWord(config)}`, name && `--name ${name}`, engine && `--engine ${engine}`];
  return ['kserve-env', verb, ...words.filter(Boolean)].join(' ');
}

/** Engines that answer. Dispose it: they hold connections. */
export interface OpenEngines extends AsyncDisposable {
  /** Of the environment that is meant. */
  name: string;
  engines: Engine[];
  tried: Tried[];
}

/** Engines that answer, and what was found in them. */
export interface Lookup extends OpenEngines {
  found: Observed[];
  /** The flags it was looked for with. */
  flags: ConfigFlags;
}

/** What a command is about: for `whatever there is`, as in `down`, the file does not say where to look. */
type Subject = 'the running one' | 'whatever there is';

/**
 * Connects to every engine that answers, or only to the one asked for. For a command about whatever there is only a flag
 * or variable counts as asking: the file may say something else today than when the environment was made.
 */
export async function openEngines(
  options: CommonOptions,
  context: CommandContext,
  about: Subject = 'the running one',
): Promise<OpenEngines> {
  const { cwd, env, signal } = context;
  const { name, engine, engineTyped } = await loadName({ cwd, env, flags: options.flags ?? {} });
  const preference = about === 'whatever there is' && !engineTyped ? 'auto' : engine;
  const { engines, tried } =
    preference === 'auto'
      ? await everywhere(context)
      : await connectEngine(preference, engineContext(env), signal).then(({ engine, tried }) => ({
          engines: [engine],
          tried,
        }));
  const dispose = async () => {
    await Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]()));
  };
  return { name, engines, tried, [Symbol.asyncDispose]: dispose };
}

/** What is there and could not be asked: a warning each, since something may be left in it. */
export function silentOnes({ tried }: Pick<OpenEngines, 'tried'>): string[] {
  return tried
    .filter(({ reachable, outcome }) => !reachable && outcome !== 'does not exist')
    .map(({ endpoint, outcome }) => `Could not look in ${endpoint}: ${outcome}`);
}

/** Looks for the environment in every engine that answers, or only in the one asked for. */
export async function lookUp(
  options: CommonOptions,
  context: CommandContext,
  about: Subject = 'the running one',
): Promise<Lookup> {
  const open = await openEngines(options, context, about);
  try {
    const found = await observe(open.engines, open.name, context.signal);
    return { ...open, found, flags: options.flags ?? {} };
  } catch (error) {
    await open[Symbol.asyncDispose]();
    throw error;
  }
}

/** Every engine that answers, and for a report also those that have nothing to answer with. */
async function everywhere({ env, signal }: CommandContext): Promise<{ engines: Engine[]; tried: Tried[] }> {
  const { engines, tried } = await reachableEngines(engineContext(env), signal);
  const local = { kind: 'process', endpoint: 'local processes', outcome: 'answers', reachable: true } as const;
  return { engines, tried: [...tried, local] };
}

/** The running instance among those found. */
export function runningInstance({ name, found, tried, flags }: Lookup): Observed & { endpoints: Endpoints } {
  for (const { engine, instance } of found) {
    if (instance.state === 'running' && instance.endpoints) return { engine, instance, endpoints: instance.endpoints };
  }
  throw new NotRunningError(name, describeStates(found.map(({ instance }) => instance)), tried, flags);
}

/** `: it is exited`; empty where there is none. */
export function describeStates(instances: Instance[]): string {
  return instances.length === 0 ? '' : `: it is ${instances.map(({ state }) => state).join(' and ')}`;
}

/** Where a server is reached, and how; a transport that is not served is absent. */
export interface ServerAddress extends ConnectionSettings {
  /** Name of our environment, absent for somebody else's server. */
  name?: string;
  instance?: Instance;
  /** `host:port`, or with TLS `grpcs://host:port`. */
  grpc?: string;
  /** Base URL; https is TLS. */
  http?: string;
  /** What no message and no answer may show. */
  secrets?: string[];
  /** What somebody may want to know who sends what they send there. */
  warnings?: string[];
  /** Of our environment, what it takes to be let in, in the words of flags. */
  spoken?: TlsOptions & HeaderOptions;
  /** Of our environment, where the token is that is sent. */
  tokenFile?: string;
}

/** Says which server is meant, the environment or any other by its address, and how it is spoken to. */
export interface TargetOptions extends CommonOptions, TlsOptions, HeaderOptions {
  /** `host:port` of a gRPC endpoint, of any server; also `grpc://host:port`, and `grpcs://host:port` for TLS. */
  endpoint?: string;
  /** Base URL of a REST endpoint, of any server; http or https. */
  restUrl?: string;
}

/**
 * The server to talk to: the one named by `endpoint` or `restUrl`, else the environment's.
 * @throws NotRunningError, AccessGoneError, UsageError for an address, a file, a header or a token that cannot be used
 */
export async function serverAddress(options: TargetOptions, context: CommandContext): Promise<ServerAddress> {
  const { endpoint, restUrl } = options;
  if (endpoint !== undefined || restUrl !== undefined) {
    const given = {
      ...(endpoint !== undefined && { grpc: endpoint }),
      ...(restUrl !== undefined && { http: restUrl }),
    };
    const { connectionTo } = await import('./endpoint-connection.js');
    return await connectionTo(given, options, context);
  }
  await using lookup = await lookUp(options, context);
  const { name } = lookup;
  const { instance, endpoints } = runningInstance(lookup);
  const { environmentAddress } = await import('./environment-access.js');
  return { name, instance, ...(await environmentAddress({ ...instance, endpoints }, options, context)) };
}
