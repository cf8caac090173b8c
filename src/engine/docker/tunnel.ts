/**
 * Ports of a server on another machine, brought to the same ports of this one by an ssh that stays when the command ends.
 * Its control socket is all that is kept of it: by it, it is found and ended.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Endpoints, type Engine, EngineUnreachableError, type Instance, PortTakenError } from '../engine.js';
import { findPortHolder } from '../port-check.js';
import { type SshTarget, shownTarget, sshArguments, sshError } from './ssh.js';

/** Where tunnels begin, and where their sockets are. */
export interface TunnelOptions {
  target: SshTarget;
  program: 'docker' | 'podman';
  /** For `ssh`, which finds itself and its agent by them. */
  env: Readonly<Record<string, string | undefined>>;
  /** A directory that is this user's alone. */
  directory: string;
}

/** A port of 127.0.0.1 here, and the one of 127.0.0.1 there that it leads to. */
export interface Forward {
  local: number;
  remote: number;
}

/** How long an ssh may take to be ready, or to answer, in milliseconds. */
const sshMs = 20_000;

/**
 * An engine whose running instances are reached through tunnels: made by `start`, made again by `inspect` where one has
 * ended, such as after a sleep of this machine, and ended with what they lead to.
 */
export function withTunnels(engine: Engine, options: TunnelOptions): Engine {
  const forwards = ({ grpcPort, httpPort }: Endpoints): Forward[] =>
    [grpcPort, httpPort].map((port) => ({ local: port, remote: port }));
  return {
    ...engine,
    async start(instance, signal) {
      const started = await engine.start(instance, signal);
      if (started.endpoints) await openTunnel(started.name, forwards(started.endpoints), options, signal);
      return started;
    },
    async inspect(name, signal) {
      const found = await engine.inspect(name, signal);
      if (found?.state !== 'running' || !found.endpoints) await closeTunnel(name, options);
      else if (!(await isOpen(name, options)))
        // Whoever asks what runs is told so all the same; that its ports do not answer, a health check says.
        await openTunnel(name, forwards(found.endpoints), options, signal).catch(() => {});
      return found;
    },
    async kill(instance, signal) {
      await engine.kill(instance, signal);
      await closeTunnel(instance.name, options);
    },
    async remove(instance: Instance, signal) {
      await engine.remove(instance, signal);
      await closeTunnel(instance.name, options);
    },
  };
}

/**
 * Resolves when the ports here lead there.
 * @throws PortTakenError when one of them is taken here; EngineUnreachableError with the words of ssh
 */
export async function openTunnel(
  name: string,
  forwards: Forward[],
  options: TunnelOptions,
  signal?: AbortSignal,
): Promise<void> {
  const { target, program } = options;
  await closeTunnel(name, options);
  const { code, said } = await runSsh(
    [
      ...['-f', '-N', '-M', '-S', socketOf(name, options), '-o', 'ControlPersist=no', '-o', 'ExitOnForwardFailure=yes'],
      // A connection that went away without a word is noticed within a minute.
      ...['-o', 'ServerAliveInterval=15', '-o', 'ServerAliveCountMax=3'],
      ...forwards.flatMap(({ local, remote }) => ['-L', `127.0.0.1:${local}:127.0.0.1:${remote}`]),
    ],
    options,
    signal,
  );
  if (code === 0) return;
  const taken = Number(/(?:cannot listen to port: |\]:|bind .*:)(\d+)/i.exec(said)?.[1]);
  if (/in use|cannot listen to port/i.test(said) && taken > 0)
    throw new PortTakenError(taken, await findPortHolder(taken));
  throw sshError(shownTarget(target), program, said, code);
}

/** Ends the tunnel of this environment; none is no error. */
export async function closeTunnel(name: string, options: TunnelOptions): Promise<void> {
  const socket = socketOf(name, options);
  if (existsSync(socket)) await runSsh(['-S', socket, '-O', 'exit'], options).catch(() => {});
}

async function isOpen(name: string, options: TunnelOptions): Promise<boolean> {
  const socket = socketOf(name, options);
  return existsSync(socket) && (await runSsh(['-S', socket, '-O', 'check'], options)).code === 0;
}

/** Short, since the path of a socket has 107 bytes at most, and ssh puts 17 of its own behind it. */
function socketOf(name: string, { directory, target }: TunnelOptions): string {
  const id = createHash('sha256')
    .update(`${shownTarget(target)} ${name}`)
    .digest('hex')
    .slice(0, 16);
  return join(directory, `ssh-${id}`);
}

function runSsh(
  args: string[],
  { target, env, program }: TunnelOptions,
  signal?: AbortSignal,
): Promise<{ code: number | string; said: string }> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(sshMs);
    const child = spawn('ssh', [...sshArguments(target), ...args, '--', target.host], {
      env: { ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      windowsHide: true,
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.once('error', (error) => {
      const silent = new EngineUnreachableError(`ssh to ${shownTarget(target)} took more than ${sshMs / 1000} s`);
      if (signal?.aborted) reject(signal.reason);
      else reject(limit.aborted ? silent : sshError(shownTarget(target), program, String(error), 'ENOENT'));
    });
    // Not `close`: an ssh that went into the background keeps our pipe.
    child.once('exit', (code, killed) =>
      setImmediate(() => {
        child.stderr.destroy();
        resolve({ code: code ?? killed ?? 'UNKNOWN', said: said.trim() });
      }),
    );
  });
}
