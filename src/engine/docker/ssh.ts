/**
 * A daemon on another machine, over the system's `ssh`: it knows the user's keys, agents, jump hosts and known hosts, and
 * is not told to believe anybody. At the other end `docker system dial-stdio` joins the connection to the daemon's socket.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { Duplex } from 'node:stream';
import type { Way } from '../daemon-url.js';
import { EngineUnreachableError } from '../engine.js';
import { errorCode } from '../error-code.js';
import type { Transport } from './transport.js';

/** Where to, by an address that was read and found harmless. */
export type SshTarget = Extract<Way, { kind: 'ssh' }>;

/** What reaches a daemon by ssh. */
export interface SshOptions {
  target: SshTarget;
  /** Name of the program at the other end. */
  program: 'docker' | 'podman';
  /** For `ssh`, which finds itself and its agent by them. */
  env: Readonly<Record<string, string | undefined>>;
}

/** Seconds until ssh gives up to connect. */
const connectSeconds = 10;

/** Over ssh. A connection is kept between requests, since each takes a log-in; one that ends in between is replaced. */
export function sshTransport({ target, program, env }: SshOptions): Transport {
  const destination = shownTarget(target);
  const agent = new (class extends Agent {
    // Node's types know only sockets, its code takes any stream with their methods.
    override createConnection(): Duplex {
      const child = spawn('ssh', [...sshArguments(target), '--', target.host, ...dialCommand(program, target)], {
        env: { ...env },
        stdio: 'pipe',
        windowsHide: true,
      });
      return new SshStream(child, (said, code) => sshError(destination, program, said, code));
    }
  })({ keepAlive: true });
  return {
    endpoint: `ssh://${destination}${target.socketPath ?? ''}`,
    request: (options) => request({ ...options, host: 'docker', agent }),
    close: () => agent.destroy(),
  };
}

/** Options of every ssh that we start: it asks nobody anything, and decides about host keys as the user's settings say. */
export function sshArguments({ user, port }: SshTarget): string[] {
  return [
    ...['-o', 'BatchMode=yes', '-o', `ConnectTimeout=${connectSeconds}`, '-T'],
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
  ];
}

/** `user@host:port`, as in the address. */
export function shownTarget({ user, host, port }: SshTarget): string {
  return `${user === undefined ? '' : `${user}@`}${host}${port === undefined ? '' : `:${port}`}`;
}

function dialCommand(program: SshOptions['program'], { socketPath }: SshTarget): string[] {
  const at = program === 'docker' ? '--host' : '--url';
  return [program, ...(socketPath === undefined ? [] : [at, `unix://${socketPath}`]), 'system', 'dial-stdio'];
}

/** What ssh said before it ended, at most so many characters of it. */
const mostSaid = 4_096;

/** Standard input and output of an ssh as one stream, with those methods of a socket that node:http calls. */
class SshStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;

  constructor(child: ChildProcessWithoutNullStreams, toError: (said: string, code: string | number) => Error) {
    super();
    this.#child = child;
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-mostSaid);
    });
    child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    // What cannot be written was not wanted by a process that ends; why it ends is told below.
    child.stdin.on('error', () => {});
    child.once('error', (error) => this.destroy(toError(String(error), errorCode(error) ?? 'UNKNOWN')));
    child.once('close', (code, signal) => {
      if (code === 0) this.push(null);
      else this.destroy(toError(said.trim(), code ?? signal ?? 'UNKNOWN'));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#child.stdin.writable) this.#child.stdin.write(chunk, () => done());
    else done();
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    this.#child.ref();
    return this;
  }

  unref(): this {
    this.#child.unref();
    return this;
  }
}

/** Why ssh ended, in its own words, and the command that shows or mends it. */
export function sshError(
  destination: string,
  program: SshOptions['program'],
  said: string,
  code: string | number,
): EngineUnreachableError {
  const url = `ssh://${destination}`;
  // Warnings and banners come before what it ended with.
  const words = said.split('\n').at(-1)?.trim() || `ssh ended with ${code}`;
  const outcome = code === 'ENOENT' ? 'needs the program ssh, which is not installed' : `ssh says: ${words}`;
  return new EngineUnreachableError(`${url} ${outcome}`, {
    hint: `${sshRemedy(destination, program, said, code)}, or use --engine process`,
    details: { endpoint: url, outcome, said },
  });
}

function sshRemedy(destination: string, program: string, said: string, code: string | number): string {
  const [host = '', port] = destination.split(':');
  const ssh = `ssh ${port === undefined ? '' : `-p ${port} `}${host}`;
  if (code === 'ENOENT') return 'install OpenSSH (sudo apt-get install openssh-client)';
  if (/identification has changed/i.test(said))
    return `ask who runs that machine whether its key has changed; only then ssh-keygen -R ${host.split('@').at(-1)}`;
  if (/host key verification failed|no .* host key is known/i.test(said))
    return `${ssh} and compare the fingerprint that it shows with the one of that machine`;
  if (/permission denied \(|too many authentication failures/i.test(said))
    return `ssh-add, or ssh-copy-id ${port === undefined ? '' : `-p ${port} `}${host}, until “${ssh} true” succeeds`;
  if (code === 127 || /command not found|no such file or directory/i.test(said))
    return `install ${program} on that machine, so that “${ssh} ${program} version” answers`;
  if (code === 255) return `${ssh} true`;
  return `${ssh} ${program} version`;
}
