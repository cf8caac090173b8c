/** Checks of this machine: its Node, its loopback, and proxies that stand in the way of clients. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { ExitCode } from '../../errors.js';
import { type Finding, failed, passed, warned } from './finding.js';

/** @param version as in `process.versions.node`; so is `oldest`, which is old enough itself */
export function judgeNode(version: string, oldest: string): Finding {
  if (version.localeCompare(oldest, 'en', { numeric: true }) >= 0) return passed(`Node ${version}`);
  return failed(`Node ${version} is older than ${oldest}`, 'install Node 22 from https://nodejs.org', ExitCode.usage);
}

type Environment = Readonly<Record<string, string | undefined>>;

const proxyVariables = ['grpc_proxy', 'http_proxy', 'https_proxy', 'all_proxy'];
const exceptionVariables = ['no_grpc_proxy', 'no_proxy'];

/**
 * grpc-js and gRPC's C core read `grpc_proxy`, `https_proxy` and `http_proxy`, with `no_grpc_proxy` and `no_proxy`; curl
 * and Python's requests read most of them, too. Some want small letters, some capitals.
 */
export function judgeProxies(env: Environment): Finding {
  const set = givenOf(proxyVariables, env);
  if (set.length === 0) return passed('none is set');
  const names = set.map(({ name }) => name);
  const exceptions = givenOf(exceptionVariables, env);
  const details = { variables: names };
  if (exceptions.some(({ value }) => exceptsLoopback(value))) {
    return passed(`${names.join(', ')}, but not for 127.0.0.1`, details);
  }
  return warned(
    `${list(names)} set, and no NO_PROXY for 127.0.0.1: clients would look for the server behind the proxy`,
    'export NO_PROXY="127.0.0.1,localhost,$NO_PROXY" no_proxy="127.0.0.1,localhost,$no_proxy"',
    details,
  );
}

function list(names: string[]): string {
  return `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'}`;
}

function givenOf(names: string[], env: Environment): { name: string; value: string }[] {
  return names
    .flatMap((name) => [name, name.toUpperCase()])
    .flatMap((name) => (env[name] ? [{ name, value: env[name] }] : []));
}

function exceptsLoopback(value: string): boolean {
  return value.split(/[\s,]+/).some((entry) => /^(\*|127\.0\.0\.1(\/\d+)?(:\d+)?|127\.0\.0\.0\/8|127\.)$/.test(entry));
}

/** @param problem what went wrong when 127.0.0.1 was tried */
export function judgeLoopback(problem: string | undefined): Finding {
  if (problem === undefined) return passed('127.0.0.1 answers');
  return failed(
    `127.0.0.1 cannot be used: ${problem}`,
    process.platform === 'linux' ? 'sudo ip link set lo up' : 'allow connections to 127.0.0.1 in the firewall',
    ExitCode.portTaken,
    { problem },
  );
}

/** Listens on any port of 127.0.0.1 and talks to itself. */
export async function tryLoopback(signal: AbortSignal): Promise<string | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('here');
  });
  try {
    server.listen({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening', { signal });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const client = connect({ host: '127.0.0.1', port });
    try {
      await once(client, 'data', { signal });
      return undefined;
    } finally {
      client.destroy();
    }
  } catch (error) {
    if (signal.aborted) return 'it does not answer';
    return error instanceof Error ? error.message : String(error);
  } finally {
    server.close();
  }
}
