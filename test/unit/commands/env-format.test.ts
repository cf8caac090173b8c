import { execFileSync } from 'node:child_process';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { commandContext } from '../../../src/commands/context.js';
import { env } from '../../../src/commands/env.js';
import { envFormats, formatVariables } from '../../../src/commands/env-format.js';

const variables = {
  KSERVE_NAME: 'mine-0a1b2c',
  KSERVE_GRPC_ENDPOINT: '127.0.0.1:9081',
  KSERVE_HTTP_URL: 'http://127.0.0.1:9080',
  KSERVE_CA_FILE: `/home/o'neil/a "b" $(touch x)\\ #c/ca.pem`,
};
const unset = Object.fromEntries(Object.keys(variables).map((name) => [name, null]));

/** What a real shell has in its environment after it has evaluated the script. */
function evaluate(shell: string, script: string, before: Record<string, string> = {}): Record<string, string> {
  const print = `${script}\nnode -p 'JSON.stringify(process.env)'`;
  const path = `${process.execPath.replace(/\/node$/, '')}:${process.env.PATH}`;
  return JSON.parse(
    execFileSync(shell, ['-c', print], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: path, ...before },
    }),
  );
}

const has = (shell: string) => {
  try {
    execFileSync(shell, ['-c', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

// Every system has sh; of the others those that are there.
describe.each(['sh', ...['bash', 'fish'].filter(has)])('in %s', (shell) => {
  const format = shell === 'fish' ? 'fish' : 'sh';

  it('the script sets each variable', () => {
    expect(evaluate(shell, formatVariables(variables, format))).toMatchObject(variables);
  });

  it('the script with --unset takes each away, and no other', () => {
    const after = evaluate(shell, formatVariables(unset, format), { ...variables, OTHER: 'stays' });
    expect(after.OTHER).toBe('stays');
    for (const name of Object.keys(variables)) expect(after).not.toHaveProperty(name);
  });
});

describe('for a file or a program', () => {
  it.each(['dotenv', 'github'] as const)('%s is name=value lines', (format) => {
    const plain = { ...variables, KSERVE_CA_FILE: '/home/me/ca.pem' };
    expect(parseEnv(formatVariables(plain, format))).toEqual(plain);
    expect(parseEnv(formatVariables(unset, format))).toEqual(
      Object.fromEntries(Object.keys(variables).map((name) => [name, ''])),
    );
  });
  it.each(['/a b/ca.pem', "/o'neil/ca.pem", '/a #b/ca.pem', '/"a"/ca.pem'])('dotenv keeps %s', (path) => {
    expect(parseEnv(formatVariables({ KSERVE_CA_FILE: path }, 'dotenv'))).toEqual({ KSERVE_CA_FILE: path });
  });
  it('json is an object, null where a variable goes', () => {
    expect(JSON.parse(formatVariables(variables, 'json'))).toEqual(variables);
    expect(JSON.parse(formatVariables(unset, 'json'))).toEqual(unset);
  });
  it('powershell sets and removes', () => {
    expect(formatVariables(variables, 'powershell')).toContain("$Env:KSERVE_NAME = 'mine-0a1b2c'");
    expect(formatVariables(unset, 'powershell')).toContain('Remove-Item Env:KSERVE_NAME');
  });
});

it.each(envFormats)('--unset needs no environment that runs (%s)', async (format) => {
  const { data } = await env({ unset: true, format }, commandContext({ cwd: '/', env: {} }));
  expect(Object.keys(data.variables)).toEqual(expect.arrayContaining([...Object.keys(variables), 'SSL_CERT_FILE']));
});

it('--unset takes away what others set in variables of everybody’s only where it is ours', async () => {
  const own = '/state/.secrets/mine.process.1/trust.pem';
  const environment = { SSL_CERT_FILE: '/etc/ssl/mine.pem', GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: own };
  const { data } = await env({ unset: true }, commandContext({ cwd: '/', env: environment }));
  expect(data.variables).not.toHaveProperty('SSL_CERT_FILE');
  expect(data.variables).toHaveProperty('GRPC_DEFAULT_SSL_ROOTS_FILE_PATH', null);
});
