/** Starts the process that ends an environment when its time is over. */
import { spawn } from 'node:child_process';
import { parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EndInTime } from './end-in-time.js';

/** What it takes to reach the same engine, and nothing else of the user's. */
const inherited = [
  ...[
    'PATH',
    'HOME',
    'USERPROFILE',
    'TMPDIR',
    'TEMP',
    'TMP',
    'SystemRoot',
    'windir',
    'XDG_RUNTIME_DIR',
    'SSH_AUTH_SOCK',
  ],
  ...['DOCKER_CONFIG', 'DOCKER_CERT_PATH', 'DOCKER_TLS_VERIFY', 'KSERVE_ENV_ALLOW_INSECURE_ENGINE'],
];

/** A program that mostly waits. */
const nodeFlags = ['--max-old-space-size=32', '--max-semi-space-size=1', '--v8-pool-size=0', '--no-opt'];

/** @param endpoint of the engine, as `Engine.info` tells it */
export function startEndInTime(
  task: EndInTime,
  endpoint: string,
  env: Readonly<Record<string, string | undefined>>,
): void {
  const kept = inherited.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  const where = { DOCKER_HOST: endpoint, CONTAINER_HOST: endpoint };
  const program = fileURLToPath(new URL('../bin/end-in-time.cjs', import.meta.url));
  const child = spawn(process.execPath, [...nodeFlags, program, JSON.stringify(task)], {
    // A session of its own: neither Ctrl-C nor a terminal that is closed reaches it.
    detached: true,
    stdio: 'ignore',
    // It must not keep a directory from being removed.
    cwd: parse(process.execPath).root,
    env: {
      ...Object.fromEntries(kept),
      KSERVE_ENV_STATE_DIR: task.stateDir,
      ...(task.engine !== 'process' && where),
    },
    windowsHide: true,
  });
  // Without it the server still ends by itself, and the next command removes what is left.
  child.on('error', () => {});
  child.unref();
}
