/** Headers and the token that go with every call, from flags and variables. */
import { UsageError } from '../errors.js';
import type { CommandContext } from './context.js';
import { readNamedFile } from './named-file.js';

/** The variable with the token of servers that ask for one. */
const tokenVariable = 'KSERVE_ENV_TOKEN';

/** Headers as flags give them. */
export interface HeaderOptions {
  /** Sent as `authorization: Bearer …`; by default what KSERVE_ENV_TOKEN holds. */
  token?: string;
  /** A file with the token, relative to the directory of the command. */
  tokenFile?: string;
  /** `name: value`, one a header. */
  headers?: string[];
}

/** Headers to send, and what of them nobody may see. */
export interface SentHeaders {
  /** By name in lower case. */
  headers: Record<string, string>;
  /** Values that are never shown: the token, or what else `authorization` has. */
  secrets: string[];
}

/** Headers that the transports write themselves (RFC 9113, section 8.2.2; gRPC over HTTP/2). */
const transportsOwn = new Set([
  'connection',
  'content-length',
  'content-type',
  'inference-header-content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);

/** Throws UsageError for a header or a token that cannot be sent; no message has the value of either. */
export async function sentHeaders(options: HeaderOptions, context: CommandContext): Promise<SentHeaders> {
  const headers = headersOfWords(options.headers ?? []);
  const given = await givenToken(options, context);
  if (given !== undefined && headers.authorization !== undefined) {
    throw new UsageError(`${given.source} and --header authorization exclude each other`);
  }
  // What was typed stands above a variable.
  const token = given ?? (headers.authorization === undefined ? tokenOfVariable(context) : undefined);
  if (token !== undefined) {
    assertToken(token.text, token.source);
    headers.authorization = `Bearer ${token.text}`;
  }
  return { headers, secrets: secretsOf(headers.authorization) };
}

/** Words such as `x-tenant: blue` by name in lower case. Throws UsageError. */
function headersOfWords(words: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (const word of words) {
    const [, written = '', value = ''] = /^([^:]*):[ \t]*(.*?)[ \t]*$/s.exec(word) ?? [];
    const name = written.trim().toLowerCase();
    if (!word.includes(':') || written === '') {
      // Without a colon the whole word may be a secret.
      throw new UsageError("--header: expected 'name: value'", { hint: "for example --header 'x-tenant: blue'" });
    }
    assertHeaderName(name);
    if (!/^[\x20-\x7e]*$/.test(value)) {
      throw new UsageError(`--header: the value of ${name} has characters other than those of ASCII in print`);
    }
    if (name in headers)
      throw new UsageError(`--header: ${name} is there twice`, { hint: 'join the values by a comma' });
    headers[name] = value;
  }
  return { ...headers };
}

function assertHeaderName(name: string): void {
  // The letters that both gRPC and HTTP/1.1 take (RFC 9110, section 5.6.2).
  if (!/^[a-z0-9_.-]+$/.test(name)) {
    throw new UsageError(`--header: ${JSON.stringify(name)} is no name of a header`);
  }
  if (transportsOwn.has(name)) throw new UsageError(`--header: ${name} is for the connection itself to set`);
  if (name.startsWith('grpc-'))
    throw new UsageError(`--header: ${name} is no header to set: gRPC keeps grpc- for itself`);
  if (name.endsWith('-bin')) {
    throw new UsageError(`--header: ${name} would be binary metadata of gRPC, which a flag cannot hold`);
  }
}

interface Token {
  text: string;
  /** The flag or variable it comes from. */
  source: string;
}

async function givenToken({ token, tokenFile }: HeaderOptions, { cwd }: CommandContext): Promise<Token | undefined> {
  if (token !== undefined && tokenFile !== undefined) {
    throw new UsageError('--token and --token-file exclude each other');
  }
  if (token !== undefined) return { text: token, source: '--token' };
  if (tokenFile === undefined) return undefined;
  const source = '--token-file';
  return { text: (await readNamedFile(source, tokenFile, cwd)).toString('utf8').trim(), source };
}

function tokenOfVariable({ env }: CommandContext): Token | undefined {
  const text = env[tokenVariable];
  return text === undefined || text === '' ? undefined : { text, source: tokenVariable };
}

function assertToken(text: string, source: string): void {
  if (text === '') throw new UsageError(`${source}: the token is empty`);
  if (/^Bearer\s/i.test(text)) {
    throw new UsageError(`${source}: expected the token alone, without "Bearer" before it`);
  }
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw new UsageError(`${source}: the token has white space, or characters other than those of ASCII in print`);
  }
}

/** The whole value, and what comes after the scheme. */
function secretsOf(authorization: string | undefined): string[] {
  if (authorization === undefined || authorization === '') return [];
  const afterScheme = /^\S+\s+(.+)$/.exec(authorization)?.[1];
  return afterScheme === undefined ? [authorization] : [afterScheme];
}
