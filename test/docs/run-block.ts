/** Runs the commands of a console block as a reader would: one shell a block, on a machine of its own. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sandbox } from '../cli/run-cli.js';
import type { Example } from './markdown.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Ports as the pages write them. */
const documentedPorts = { grpc: '9081', http: '9080' };

/** The name that the environment has on the pages. */
const documentedName = 'my-service';

interface Outcome {
  code: number;
  /** stdout and stderr together, with the documented ports. */
  output: string;
}

export interface Reader extends AsyncDisposable {
  directory: string;
  /** The environment's real name. */
  name: string;
  env: Record<string, string>;
  /** Runs all commands in one bash, so that variables stay. */
  runAll(examples: Example[]): Promise<Outcome[]>;
  /** Runs a program as an ES module in which `kserve-env` can be imported. */
  runModule(source: string): Promise<Outcome>;
}

/**
 * A machine with two free ports in place of the documented ones, which may be taken: they are written into the commands,
 * and read back out of the output. With Docker, whose daemon others use as well, so it is with the name.
 */
export async function reader({ docker = false }: { docker?: boolean } = {}): Promise<Reader> {
  const box = sandbox({ docker });
  const name = docker ? `docs-${randomBytes(4).toString('hex')}` : documentedName;
  const ports = { grpc: await freePort(), http: await freePort() };
  const bin = join(box.directory, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'kserve-env'), `#!/bin/sh\nexec '${process.execPath}' '${root}bin/kserve-env.js' "$@"\n`, {
    mode: 0o755,
  });
  const directory = join(box.directory, documentedName);
  mkdirSync(join(directory, 'node_modules'), { recursive: true });
  symlinkSync(root, join(directory, 'node_modules', 'kserve-env'), 'dir');
  const env = {
    ...box.env,
    PATH: `${bin}:${process.env.PATH}`,
    KSERVE_ENV_NAME: name,
    KSERVE_ENV_GRPC_PORT: ports.grpc,
    KSERVE_ENV_HTTP_PORT: ports.http,
  };
  const toReal = (text: string) =>
    text
      .replaceAll(documentedPorts.grpc, ports.grpc)
      .replaceAll(documentedPorts.http, ports.http)
      .replaceAll(documentedName, name);
  const toShown = (text: string) =>
    text
      .replaceAll(ports.grpc, documentedPorts.grpc)
      .replaceAll(ports.http, documentedPorts.http)
      .replaceAll(name, documentedName);
  const run = (file: string, args: string[]) =>
    new Promise<Outcome>((resolve) => {
      execFile(file, args, { cwd: directory, env }, (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
        resolve({ code, output: toShown(stdout + stderr) });
      });
    });

  return {
    directory,
    name,
    env,
    async runAll(examples) {
      const marker = '@@exit@@';
      const script = examples.map(({ command }) => `{\n${toReal(command)}\n} 2>&1\necho "${marker}$?"`).join('\n');
      const { output } = await run('bash', ['-c', script]);
      const pieces = output.split(new RegExp(`${marker}(\\d+)\\n`));
      return examples.map((_, index) => ({
        output: pieces[index * 2] ?? '',
        code: Number(pieces[index * 2 + 1] ?? -1),
      }));
    },
    async runModule(source) {
      const path = join(directory, 'example.mjs');
      writeFileSync(path, toReal(source));
      return run(process.execPath, [path]);
    },
    async [Symbol.asyncDispose]() {
      await run(join(bin, 'kserve-env'), ['down']);
      box[Symbol.dispose]();
    },
  };
}

function freePort(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(String(port)));
    });
  });
}
