/** Asks a program `docker-credential-NAME` for a login, as Docker's own client does. */
import { spawn } from 'node:child_process';
import * as z from 'zod';
import { errorCode } from '../engine/error-code.js';

/** A login, or why there is none: a program that knows of none is no reason to warn. */
export interface HelperAnswer {
  login?: { username: string; secret: string };
  /** For people, with the program's words. */
  warning?: string;
}

const reply = z.object({ Username: z.string(), Secret: z.string() });

/** A key chain may ask its owner; nobody waits for ever. */
const longestAnswerMs = 30_000;
const longestOutput = 1024 * 1024;

/**
 * The registry's address goes to its standard input and the login comes from its output, so that neither is seen in a
 * list of processes. Source: docker-credential-helpers, README, "Protocol".
 */
export async function askCredentialHelper(
  name: string,
  serveraddress: string,
  { env, signal }: { env: Readonly<Record<string, string | undefined>>; signal?: AbortSignal | undefined },
): Promise<HelperAnswer> {
  const program = `docker-credential-${name}`;
  const anonymous = 'going on without a login';
  // It names a program to look for in PATH, not a path.
  if (!/^[\w.-]+$/.test(name)) return { warning: `${program} is no name of a credential helper; ${anonymous}` };
  let ended: { code: number | null; stdout: string; stderr: string };
  try {
    ended = await runProgram(program, serveraddress, env, signal);
  } catch (error) {
    signal?.throwIfAborted();
    const code = errorCode(error);
    const why = code === 'ENOENT' ? 'is not installed' : `could not be run (${code ?? String(error)})`;
    return { warning: `${program} ${why}; ${anonymous}` };
  }
  const { code, stdout, stderr } = ended;
  if (code === 0) {
    const login = parse(stdout);
    if (login) return { login: { username: login.Username, secret: login.Secret } };
    // What it said instead is not shown: it may be half of a secret.
    return { warning: `${program} answered something that is no login; ${anonymous}` };
  }
  const words = `${stdout} ${stderr}`
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 300);
  if (/credentials not found/i.test(words)) return {};
  const how = code === null ? 'did not answer in time' : `failed with exit code ${code}`;
  return { warning: `${program} ${how}${words === '' ? '' : `: ${words}`}; ${anonymous}` };
}

function parse(text: string): z.output<typeof reply> | undefined {
  try {
    return reply.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function runProgram(
  program: string,
  input: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], {
      env: { ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: longestAnswerMs,
      killSignal: 'SIGKILL',
      windowsHide: true,
      ...(signal && { signal }),
    });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (texts[name].length < longestOutput) texts[name] += text;
      });
    }
    // It may end without having read what it is asked.
    child.stdin.on('error', () => {});
    child.stdin.end(`${input}\n`);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...texts }));
  });
}
