import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import type { LoadOptions } from '../../../src/config/overrides.js';
import { ConfigError } from '../../../src/config/problems.js';
import { workspace } from './workspace.js';

async function loaded(config: string, outside: Partial<Omit<LoadOptions, 'cwd'>> = {}) {
  using space = workspace(config);
  return (await loadConfig({ cwd: space.directory, env: {}, flags: {}, ...outside })).config;
}

async function problemsOf(config: string) {
  const error = await loaded(config).catch((caught: unknown) => caught);
  if (!(error instanceof ConfigError)) throw error;
  return error;
}

describe('tls', () => {
  it.each([
    { config: '', tls: { mode: 'off' } },
    { config: 'tls: off', tls: { mode: 'off' } },
    { config: 'tls: auto', tls: { mode: 'auto', mtls: false, names: [] } },
    {
      config: 'tls: {mode: auto, mtls: true, names: [models.test, "*.models.test", "::1"]}',
      tls: { mode: 'auto', mtls: true, names: ['models.test', '*.models.test', '::1'] },
    },
    {
      config: 'tls: {cert: ./server.pem, key: ./server-key.pem}',
      tls: { mode: 'files', cert: './server.pem', key: './server-key.pem' },
    },
  ])('is read from "$config"', async ({ config, tls }) => {
    expect((await loaded(config)).tls).toEqual(tls);
  });

  it.each([
    { what: 'a flag', outside: { flags: { tls: 'auto' } } },
    { what: 'a variable', outside: { env: { KSERVE_ENV_TLS: 'auto' } } },
  ])('is turned on by $what, and what the file says beside the word stays', async ({ outside }) => {
    expect((await loaded('', outside)).tls).toEqual({ mode: 'auto', mtls: false, names: [] });
    expect((await loaded('tls: {mode: auto, mtls: true}', outside)).tls).toMatchObject({ mode: 'auto', mtls: true });
    expect((await loaded('tls: {cert: a, key: b}', outside)).tls).toMatchObject({ mode: 'auto', mtls: false });
  });

  it('is turned off by a flag', async () => {
    expect((await loaded('tls: {mode: auto, mtls: true}', { flags: { tls: 'off' } })).tls).toEqual({ mode: 'off' });
  });

  it.each([
    {
      config: 'tls: on',
      problem: { path: 'tls', expected: 'off, auto, or a mapping with mode or with cert and key', got: '"on"' },
    },
    {
      config: 'tls:\n  cert: a',
      problem: { line: 2, path: 'tls.key', expected: 'a string', got: 'nothing' },
    },
    {
      config: 'tls:\n  mode: auto\n  mtsl: true',
      problem: { line: 3, path: 'tls.mtsl', expected: 'a known key', got: '"mtsl"' },
    },
    {
      config: 'tls: {mode: auto, names: ["a b"]}',
      problem: { line: 1, path: 'tls.names.0', expected: 'a host name or an IP address', got: '"a b"' },
    },
    {
      config: 'tls: {cert: a, key: b, clientCa: c}',
      problem: {
        line: 1,
        path: 'tls',
        expected: expect.stringContaining('clientCa, clientCert and clientKey together'),
      },
    },
  ])('is refused as "$config"', async ({ config, problem }) => {
    expect((await problemsOf(config)).problems).toMatchObject([problem]);
  });
});

describe('auth', () => {
  it.each([
    { config: '', auth: undefined },
    { config: 'auth: {token: auto}', auth: { token: 'auto' } },
    { config: 'auth: {tokenFile: ./token}', auth: { tokenFile: './token' } },
    { config: 'auth: {tokenVariable: MY_TOKEN}', auth: { tokenVariable: 'MY_TOKEN' } },
  ])('is read from "$config"', async ({ config, auth }) => {
    expect((await loaded(config)).auth).toEqual(auth);
  });

  it.each([
    'auth: kanarie',
    'auth: {token: kanarie}',
    'auth: {bearer: kanarie}',
    'auth: [kanarie]',
    'auth: {token: auto, tokenFile: kanarie}',
    'auth: {tokenVariable: kan-arie-kanarie}',
  ])('is refused as "%s", and what may be a secret is not shown', async (config) => {
    const error = await problemsOf(config);
    expect(error.problems.length).toBeGreaterThan(0);
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('kanarie');
  });

  it('says where a token belongs that stands in the file', async () => {
    const [problem] = (await problemsOf('auth:\n  token: abc')).problems;
    expect(problem).toMatchObject({ line: 2, path: 'auth.token', expected: expect.stringMatching(/tokenFile/) });
  });
});
