/** Looks at TCP ports of this machine: whether one is free, and who has it. */
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { promisify } from 'node:util';
import { UsageError } from '../errors.js';
import { type PortHolder, PortTakenError } from './engine.js';

const host = '127.0.0.1';

/**
 * Resolves when a server could listen on 127.0.0.1 at this port. It may be taken again right after.
 * @throws PortTakenError with its holder, as far as this user may see it
 * @throws UsageError when this user may not listen there
 */
export async function assertPortFree(port: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const problem = await problemOf(port);
  if (problem === 'EACCES')
    throw new UsageError(`Port ${port} needs more rights than this user has`, { hint: 'choose a port above 1023' });
  if (problem !== undefined) throw new PortTakenError(port, await findPortHolder(port));
}

/** As `assertPortFree`, where nobody wants to know who has it. */
export async function isPortFree(port: number, signal?: AbortSignal): Promise<boolean> {
  signal?.throwIfAborted();
  return (await problemOf(port)) === undefined;
}

/** The process that listens on this port of 127.0.0.1, or undefined when there is none or it cannot be seen. */
export async function findPortHolder(port: number): Promise<PortHolder | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    return process.platform === 'linux' ? await holderFromProc(port) : await holderFromLsof(port);
  } catch {
    // Only a courtesy: a machine that hides its processes, or has no lsof, still gets the port's number.
    return undefined;
  }
}

/** The system's code for why a server cannot have this port; undefined where it can. */
async function problemOf(port: number): Promise<string | undefined> {
  const code = await tryListen(port);
  if (code !== undefined || process.platform === 'linux') return code;
  // Linux refuses a port that somebody has on all addresses; other systems share it, so there a client has to ask.
  return (await somebodyAnswers(port)) ? 'EADDRINUSE' : undefined;
}

function tryListen(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'UNKNOWN'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function somebodyAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

async function holderFromProc(port: number): Promise<PortHolder | undefined> {
  const inodes = new Set([
    ...listeningInodes(await readFile('/proc/net/tcp', 'utf8'), port),
    ...listeningInodes(await readFile('/proc/net/tcp6', 'utf8').catch(() => ''), port),
  ]);
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    if (!(await holdsSocket(pid, inodes))) continue;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').filter(Boolean);
    return holder(Number(pid), command, port);
  }
  return undefined;
}

/**
 * Inodes of the sockets that listen on this port where 127.0.0.1 reaches them.
 * @param table text of /proc/net/tcp or tcp6: number, local address, remote address, state (0A is LISTEN), ..., inode
 */
export function listeningInodes(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${hexPort}`) && reachesLoopback(local))
    .flatMap((fields) => fields[9] ?? []);
}

function reachesLoopback(local: string): boolean {
  const address = local.slice(0, local.indexOf(':'));
  // Bytes of each 32-bit word are in the machine's order: 0100007F is 127.0.0.1; the middle of the last is mapped IPv4.
  return /^0+$/.test(address) || address.endsWith('0100007F') || address.endsWith('7F000001');
}

async function holdsSocket(pid: string, inodes: Set<string>): Promise<boolean> {
  const directory = `/proc/${pid}/fd`;
  // A process of another user cannot be looked into, one that just ended is no longer there.
  const descriptors = await readdir(directory).catch(() => []);
  const links = await Promise.all(descriptors.map((entry) => readlink(`${directory}/${entry}`).catch(() => '')));
  return links.some((link) => inodes.has(link.replace(/^socket:\[(\d+)\]$/, '$1')));
}

async function holderFromLsof(port: number): Promise<PortHolder | undefined> {
  const lsof = promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { timeout: 3_000 });
  const { stdout } = await lsof;
  const pid = /^p(\d+)$/m.exec(stdout)?.[1];
  const command = /^c(.+)$/m.exec(stdout)?.[1];
  return pid === undefined ? undefined : holder(Number(pid), [command ?? 'unknown'], port);
}

function holder(pid: number, command: string[], port: number): PortHolder {
  const shown = command.join(' ').slice(0, 80);
  // The daemon's proxy would be started anew: what has to go is the container behind it.
  if (/(^|\/)docker-proxy$/.test(command[0] ?? ''))
    return { description: 'a container', freeWith: `docker stop $(docker ps -q --filter publish=${port})` };
  return { description: `process ${pid} (${shown})`, freeWith: `kill ${pid}` };
}
