import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAccessFiles } from '../../../src/config/access-files.js';
import { loadConfig } from '../../../src/config/load.js';
import { ConfigError } from '../../../src/config/problems.js';
import { type Authority, authority } from '../../tools/tls-front.js';
import { type Workspace, workspace } from './workspace.js';

let good: Authority;
let space: Workspace;
beforeAll(() => {
  good = authority('good');
  space = workspace();
  const server = good.sign('server', 'IP:127.0.0.1,DNS:localhost');
  const named = good.sign('named', 'DNS:*.models.test,DNS:other.test');
  space.write('server.pem', readFileSync(server.cert));
  space.write('server-key.pem', readFileSync(server.key));
  space.write('named.pem', readFileSync(named.cert));
  space.write('named-key.pem', readFileSync(named.key));
  space.write('ca.pem', readFileSync(good.ca));
  space.write('empty', '\n');
  space.write('two-words', 'kanarie vogel');
  space.write('token', ' kanarie\n');
});
afterAll(() => {
  space[Symbol.dispose]();
  good[Symbol.dispose]();
});

async function read(config: string, env: Record<string, string> = {}) {
  const path = space.write('kserve-env.yaml', config);
  const loaded = await loadConfig({ cwd: dirname(path), env: {}, flags: { config: basename(path) } });
  return await readAccessFiles(loaded, env);
}

describe('what a config asks for', () => {
  it('is nothing, as long as it asks for nothing', async () => {
    expect(await read('')).toBeUndefined();
  });

  it('is read from files beside it', async () => {
    const wanted = await read('tls: {cert: server.pem, key: ./server-key.pem, ca: ca.pem}\nauth: {tokenFile: token}');
    expect(wanted).toMatchObject({ tls: { mode: 'files', given: { ca: readFileSync(good.ca, 'utf8') } } });
    expect(wanted?.token).toEqual({ source: 'file', text: 'kanarie' });
    expect(wanted?.tls).not.toHaveProperty('given.serverName');
  });

  it('has the name to ask for where the certificate is not for this machine', async () => {
    const wanted = await read('tls: {cert: named.pem, key: named-key.pem}');
    expect(wanted?.tls).toMatchObject({ given: { serverName: 'kserve-env.models.test' } });
  });

  it('is read from a variable', async () => {
    const wanted = await read('auth: {tokenVariable: MINE}', { MINE: 'kanarie' });
    expect(wanted).toEqual({ token: { source: 'variable', text: 'kanarie' } });
  });
});

describe('what cannot be used is named with its line, and no content is in it', () => {
  it.each([
    {
      config: 'tls:\n  cert: none.pem\n  key: server-key.pem',
      line: 2,
      path: 'tls.cert',
      got: /nothing at .*none\.pem/,
    },
    { config: 'tls:\n  cert: .\n  key: server-key.pem', line: 2, path: 'tls.cert', got: /the directory/ },
    { config: 'tls:\n  cert: token\n  key: server-key.pem', line: 2, path: 'tls.cert', got: /a file without one/ },
    { config: 'tls:\n  cert: server.pem\n  key: server.pem', line: 3, path: 'tls.key', got: /a file without one/ },
    { config: 'tls:\n  cert: server.pem\n  key: named-key.pem', line: 3, path: 'tls.key', got: /the key of another/ },
    { config: 'auth:\n  tokenFile: none', line: 2, path: 'auth.tokenFile', got: /nothing at/ },
    { config: 'auth:\n  tokenFile: empty', line: 2, path: 'auth.tokenFile', got: /nothing/ },
    { config: 'auth:\n  tokenFile: two-words', line: 2, path: 'auth.tokenFile', got: /white space/ },
    { config: 'auth:\n  tokenVariable: MINE', line: 2, path: 'auth.tokenVariable', got: /nothing/ },
  ])('$config', async ({ config, line, path, got }) => {
    const error = await read(config).catch((caught: unknown) => caught);
    if (!(error instanceof ConfigError)) throw error;
    expect(error.problems).toMatchObject([{ line, path, got: expect.stringMatching(got) }]);
    expect(error.message).not.toMatch(/kanarie|PRIVATE/);
  });
});
