/** Words of a POSIX shell: what a command line is printed as, so that the shell reads the same words again. Pure. */
import { quotedWord } from '../shell-word.js';
import type { ServerAddress, TargetOptions } from './find-environment.js';

/** A word that is taken as it is, or shell code that stands for one. */
export type ShellWord = string | { code: string };

/** Longest body in bytes that is an argument: Linux takes 128 KiB in one (MAX_ARG_STRLEN). */
const longestArgument = 100_000;

/** A command line of the words. */
export function shellLine(words: readonly ShellWord[]): string {
  return words.map((word) => (typeof word === 'string' ? quotedWord(word) : word.code)).join(' ');
}

/** Whether a body has to come by a pipe. */
export function needsPipe(body: string): boolean {
  return Buffer.byteLength(body) > longestArgument;
}

/**
 * `-H` for every header; `empty` is what stands between the name and no value. The token is read from its file where that is
 * the environment's own, else from its variable; what else `authorization` has, from another one.
 */
export function headerWords(
  { headers = {}, tokenFile }: Pick<ServerAddress, 'headers' | 'tokenFile'>,
  empty = ': ',
): ShellWord[] {
  const token = tokenFile === undefined ? `$${tokenName}` : `$(cat ${quotedWord(tokenFile)})`;
  return Object.entries(headers).flatMap(([name, value]) => {
    if (name !== 'authorization') return ['-H', value === '' ? `${name}${empty}` : `${name}: ${value}`];
    const code = /^Bearer\s/i.test(value) ? `Bearer ${token}` : `$${authorizationName}`;
    return ['-H', { code: `"authorization: ${code}"` }];
  });
}

const tokenName = 'KSERVE_ENV_TOKEN';
const authorizationName = 'AUTHORIZATION';

/** What has to be in a variable before the command line is run, and is not yet. */
export function variablesToSet(
  { headers = {}, tokenFile }: Pick<ServerAddress, 'headers' | 'tokenFile'>,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const { authorization } = headers;
  if (authorization === undefined || tokenFile !== undefined) return [];
  const bearer = /^Bearer\s+(.*)$/i.exec(authorization)?.[1];
  if (bearer === undefined) {
    return env[authorizationName] === authorization ? [] : [asking(authorizationName, 'the value of authorization')];
  }
  return env[tokenName] === bearer ? [] : [asking(tokenName, 'the token')];
}

function asking(variable: string, what: string): string {
  return `The command reads ${what} from $${variable}: export it first`;
}

/** Variables of proxies that other tools obey, and this one does not. */
export function hasProxy(env: Readonly<Record<string, string | undefined>>): boolean {
  return ['http_proxy', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'].some((name) => env[name]);
}

/** What a command line is made for, beside the request. */
export interface CallPlace {
  address: ServerAddress;
  /** The flags as typed: files go into the command by their names. */
  options: TargetOptions;
  env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds; absent for no limit. */
  timeoutMs?: number;
}
