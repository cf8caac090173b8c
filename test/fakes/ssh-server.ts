/** A real sshd on loopback, and an ssh that knows nothing of the user's settings, keys and known hosts. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';

export interface SshServer extends AsyncDisposable {
  port: number;
  /** `ssh://user@127.0.0.1:port` */
  url: string;
  /** Variables with which `ssh` is ours. */
  env: Record<string, string | undefined>;
  /** Whose keys are known to the client: this server's, nobody's, or another one's under its name. */
  know(what: 'server' | 'nobody' | 'another'): void;
  /** Which key the client shows. */
  identify(as: 'friend' | 'stranger'): void;
  /** What the server runs instead of what the client asks for; undefined for just that. */
  force(command: string | undefined): Promise<void>;
}

/** `openssh-server` of Debian is no command that is in everybody's PATH. */
const sshd = '/usr/sbin/sshd';

export async function startSshServer(): Promise<SshServer> {
  const directory = mkdtempSync(join(tmpdir(), 'kes-'));
  const path = (name: string) => join(directory, name);
  for (const key of ['host', 'other-host', 'friend', 'stranger'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path(key)]);
  writeFileSync(path('authorized'), readFileSync(path('friend.pub')), { mode: 0o600 });
  const port = await freePort();
  const { username } = userInfo();
  const name = `[127.0.0.1]:${port}`;

  mkdirSync(path('bin'));
  writeFileSync(path('bin/ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F '${path('ssh_config')}' "$@"\n`, { mode: 0o755 });
  // Where root starts it, it wants this directory of the system.
  if (process.getuid?.() === 0 && !existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 });

  let server: ChildProcess | undefined;
  const stop = async () => {
    if (server === undefined || server.exitCode !== null) return;
    const ended = new Promise((resolve) => server?.once('exit', resolve));
    server.kill();
    await ended;
  };
  const start = async (command?: string) => {
    await stop();
    const lines = [
      'ListenAddress 127.0.0.1',
      `Port ${port}`,
      `HostKey ${path('host')}`,
      `AuthorizedKeysFile ${path('authorized')}`,
      `PidFile ${path('pid')}`,
      'PasswordAuthentication no',
      'StrictModes no',
      'UsePAM no',
      ...(command === undefined ? [] : [`ForceCommand ${command}`]),
    ];
    writeFileSync(path('sshd_config'), `${lines.join('\n')}\n`);
    server = spawn(sshd, ['-D', '-e', '-f', path('sshd_config')], { stdio: 'ignore' });
    while (!(await listens(port))) if (server.exitCode !== null) throw new Error(`sshd ended with ${server.exitCode}`);
  };

  const result: SshServer = {
    port,
    url: `ssh://${username}@127.0.0.1:${port}`,
    env: { ...process.env, PATH: `${path('bin')}${delimiter}${process.env.PATH}` },
    know(what) {
      const key = what === 'server' ? 'host.pub' : 'other-host.pub';
      writeFileSync(path('known_hosts'), what === 'nobody' ? '' : `${name} ${readFileSync(path(key), 'utf8')}`);
    },
    identify(as) {
      const lines = [`IdentityFile ${path(as)}`, 'IdentitiesOnly yes', `UserKnownHostsFile ${path('known_hosts')}`];
      writeFileSync(path('ssh_config'), `${lines.join('\n')}\nGlobalKnownHostsFile /dev/null\n`);
    },
    force: start,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  result.know('server');
  result.identify('friend');
  await start();
  return result;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    // sshd greets who connects: then it is not only the kernel that has the port.
    socket.once('data', () => resolve(true));
    socket.once('error', () => setTimeout(() => resolve(false), 20));
    socket.once('data', () => socket.destroy());
  });
}
