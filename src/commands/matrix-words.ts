/** Servers and expectations of `matrix` as people write them. Pure. */
import { type Expectation, expectationOf } from '../checks/mathematics.js';
import { UsageError } from '../errors.js';
import { grpcAddressOf, restAddressOf } from './endpoint-words.js';

/** A column: a server by its address, or by its name alone the environment. */
export interface MatrixServer {
  name: string;
  /** `grpc://host:port` or `grpcs://host:port`. */
  grpc?: string;
  /** Base URL, http or https. */
  http?: string;
}

const example = 'for example --server mlserver=grpc://127.0.0.1:8081,http://127.0.0.1:8080';

/**
 * Words such as `ours` or `mlserver=grpc://127.0.0.1:8081,http://127.0.0.1:8080`; without any the environment alone.
 * @throws UsageError for what is no address, a name that is there twice, or two for the environment
 */
export function serversOfWords(words: readonly string[]): MatrixServer[] {
  const servers = words.length === 0 ? [{ name: 'environment' }] : words.map(serverOfWord);
  const twice = servers.find(({ name }, index) => servers.findIndex((one) => one.name === name) < index);
  if (twice) throw new UsageError(`--server: ${twice.name} is there twice`, { hint: 'give each server its own name' });
  const ours = servers.filter(isEnvironment);
  if (ours.length > 1) {
    throw new UsageError(
      `--server: ${ours.map(({ name }) => name).join(' and ')} both mean the environment, having no address`,
      { hint: example },
    );
  }
  return servers;
}

/** Whether a server is the environment, having no address. */
export function isEnvironment({ grpc, http }: MatrixServer): boolean {
  return grpc === undefined && http === undefined;
}

function serverOfWord(word: string): MatrixServer {
  const at = word.indexOf('=');
  const name = (at === -1 ? word : word.slice(0, at)).trim();
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._+-]{0,39}$/u.test(name)) {
    throw new UsageError(`--server: expected <name>=<addresses>, got ${JSON.stringify(word)}`, { hint: example });
  }
  return at === -1 ? { name } : { name, ...addressesOf(name, word.slice(at + 1)) };
}

function addressesOf(name: string, list: string): Omit<MatrixServer, 'name'> {
  const found: Omit<MatrixServer, 'name'> = {};
  for (const word of list.split(',').map((one) => one.trim())) {
    const key = /^grpcs?:\/\//i.test(word) ? 'grpc' : /^https?:\/\//i.test(word) ? 'http' : undefined;
    if (key === undefined) {
      throw new UsageError(`--server ${name}: expected grpc://host:port or http://host:port, got ${shown(word)}`, {
        hint: example,
      });
    }
    if (found[key] !== undefined) throw new UsageError(`--server ${name}: two addresses for ${key}`, { hint: example });
    assertAddress(name, key, word);
    found[key] = word;
  }
  return found;
}

/** In words of this flag, not of those that take one address. */
function assertAddress(name: string, key: 'grpc' | 'http', word: string): void {
  try {
    if (key === 'grpc') grpcAddressOf(word);
    else restAddressOf(word);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`--server ${name}: ${error.message.replace(/^--[a-z-]+: /, '')}`, {
      hint: example,
      cause: error,
    });
  }
}

/** A password in an address is nobody else's business. */
function shown(word: string): string {
  return JSON.stringify(word.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/]*@/i, '$1'));
}

/** What somebody says that models compute, of one server or of all. */
export interface ServerExpectation extends Expectation {
  /** Name of the column; absent for all. */
  server?: string;
}

/**
 * Words such as `scale=2`, `simple_sum:sum`, `mlserver:simple_sum:sum` and `mlserver::sum`: the server, the model, and
 * what it computes.
 * @throws UsageError for words that say nothing, or a server that is not there
 */
export function expectationsOfWords(words: readonly string[], servers: readonly MatrixServer[]): ServerExpectation[] {
  return words.map((word) => {
    const [first = '', second = '', ...rest] = word.split(':');
    const forServer = rest.length > 0;
    const expectation = expectationOf(forServer ? [second, ...rest].join(':').replace(/^:/, '') : word);
    if (expectation === undefined) {
      throw new UsageError(`--expect: ${JSON.stringify(word)} says of no model what it computes`, {
        hint: 'for example scale=2, simple_sum:sum, mlserver:simple_sum:sum, or mlserver::identity',
      });
    }
    if (!forServer) return expectation;
    assertKnown('--expect', first, servers);
    return { ...expectation, server: first };
  });
}

/** @throws UsageError unless one of the servers has this name */
export function assertKnown(flag: string, name: string, servers: readonly MatrixServer[]): void {
  if (servers.some((one) => one.name === name)) return;
  throw new UsageError(`${flag}: ${JSON.stringify(name)} is none of the servers`, {
    hint: `the servers are ${servers.map((one) => one.name).join(', ')}`,
  });
}
