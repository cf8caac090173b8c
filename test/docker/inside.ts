/** Looks at a container from inside, with what an attacker in there would have: Node, and the rights of the server. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Where images of ours have Node. */
const node = '/usr/local/bin/node';

/**
 * Runs the body of an async function in the container, beside its server, and gives back what it returns. It has `fs`,
 * `net`, `dns`, `spawn` and `codeOf`, which tells the code of the error that a function or a promise ends with.
 */
export async function inside<T>(id: string, body: string): Promise<T> {
  const program = `
    const [fs, net, dns, { spawn, spawnSync }] = ['fs', 'net', 'dns', 'child_process'].map((name) => require(name));
    const codeOf = async (act) => { try { await act(); return 'done'; } catch ({ code }) { return code; } };
    const dial = (host, port) => new Promise((resolve) => {
      const socket = net.connect({ host, port, timeout: 10_000 });
      const end = (answer) => { socket.destroy(); resolve(answer); };
      socket.on('connect', () => end('connected')).on('timeout', () => end('silence')).on('error', ({ code }) => end(code));
    });
    (async () => { ${body} })().then((value) => {
      process.stdout.write(JSON.stringify(value ?? null), () => process.exit(0));
    });`;
  const { stdout } = await promisify(execFile)('docker', ['exec', id, node, '-e', program], { timeout: 60_000 });
  return JSON.parse(stdout) as T;
}
