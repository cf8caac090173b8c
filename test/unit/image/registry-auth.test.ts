import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineKind } from '../../../src/engine/engine.js';
import { parseReference } from '../../../src/image/reference.js';
import { findAuth } from '../../../src/image/registry-auth.js';

describe('The login for a registry', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'kserve-env-auth-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const write = (path: string, content: unknown) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), typeof content === 'string' ? content : JSON.stringify(content));
  };
  const find = (reference: string, env: Record<string, string> = {}, engine: EngineKind = 'docker') =>
    findAuth(parseReference(reference), { env: { PATH: process.env.PATH, ...env }, homeDir: home, engine });
  const basic = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
  const hub = 'https://index.docker.io/v1/';

  it('is none where nobody logged in, and that is no trouble', async () => {
    expect(await find('r.example/x')).toEqual({ warnings: [] });
    expect(await findAuth(parseReference('x'), { env: {}, homeDir: undefined, engine: 'docker' })).toEqual({
      warnings: [],
    });
  });

  it.each(['node', 'team/x:1', 'docker.io/library/node', 'index.docker.io/team/x'])(
    'for %s is that of Docker Hub',
    async (reference) => {
      write('.docker/config.json', { auths: { [hub]: basic('me:pass:word'), 'r.example': basic('other:one') } });
      const auth = { username: 'me', password: 'pass:word', serveraddress: hub };
      expect(await find(reference)).toEqual({ auth, warnings: [] });
    },
  );

  it('comes from DOCKER_CONFIG where that is set', async () => {
    write('.docker/config.json', { auths: { 'r.example': basic('home:1') } });
    write('elsewhere/config.json', { auths: { 'r.example': basic('elsewhere:1') } });
    const { auth } = await find('r.example/x', { DOCKER_CONFIG: join(home, 'elsewhere') });
    expect(auth).toMatchObject({ username: 'elsewhere' });
  });

  it('may be a token, in the file or from a helper', async () => {
    write('.docker/config.json', { auths: { 'r.example': { ...basic('a:b'), identitytoken: 't0ken' } } });
    expect((await find('r.example/x')).auth).toEqual({ identitytoken: 't0ken', serveraddress: 'r.example' });
    write('docker-credential-tok', '#!/bin/sh\necho \'{"Username":"<token>","Secret":"t1"}\'\n');
    chmodSync(join(home, 'docker-credential-tok'), 0o755);
    write('.docker/config.json', { credHelpers: { 'r.example': 'tok' } });
    const { auth } = await find('r.example/x', { PATH: `${home}:${process.env.PATH}` });
    expect(auth).toEqual({ identitytoken: 't1', serveraddress: 'r.example' });
  });

  it('is of the narrowest part of the registry that has one', async () => {
    write('.docker/config.json', { auths: { 'r.example': basic('wide:1'), 'r.example/team': basic('narrow:1') } });
    expect((await find('r.example/team/x')).auth).toMatchObject({ username: 'narrow' });
    expect((await find('r.example/teams/x')).auth).toMatchObject({ username: 'wide' });
    expect((await find('r.example.evil/x')).auth).toBeUndefined();
  });

  it("comes from Podman's files with Podman, then from Docker's", async () => {
    write('.docker/config.json', { auths: { 'r.example': basic('docker:1'), 's.example': basic('docker:1') } });
    write('.config/containers/auth.json', { auths: { 'r.example': basic('config:1') } });
    write('run/containers/auth.json', { auths: {} });
    const env = { XDG_RUNTIME_DIR: join(home, 'run') };
    expect((await find('r.example/x', env, 'podman')).auth).toMatchObject({ username: 'config' });
    expect((await find('s.example/x', env, 'podman')).auth).toMatchObject({ username: 'docker' });
    expect((await find('r.example/x', env, 'docker')).auth).toMatchObject({ username: 'docker' });
    const named = { ...env, REGISTRY_AUTH_FILE: join(home, 'run/containers/auth.json') };
    expect((await find('r.example/x', named, 'podman')).auth).toBeUndefined();
  });

  it.each(['{"auths": {"r.example": {"auth": "c2VjcmV0OnNlY3JldA=="', '[]', '{"auths": 3}', ''])(
    'is none where the file is broken, and the warning quotes nothing of it: %j',
    async (text) => {
      write('.docker/config.json', text);
      const { auth, warnings } = await find('r.example/x');
      expect(auth).toBeUndefined();
      expect(warnings).toEqual([`${join(home, '.docker/config.json')} is no valid file of logins; it is not used`]);
    },
  );

  it('goes on with a warning where a helper is absent, has an odd name or answers nonsense', async () => {
    write('docker-credential-odd', '#!/bin/sh\necho half-a-secret\n');
    chmodSync(join(home, 'docker-credential-odd'), 0o755);
    const env = { PATH: `${home}:${process.env.PATH}` };
    for (const [credsStore, words] of [
      ['absent', 'docker-credential-absent is not installed; going on without a login'],
      ['../evil', 'docker-credential-../evil is no name of a credential helper; going on without a login'],
      ['odd', 'docker-credential-odd answered something that is no login; going on without a login'],
    ]) {
      write('.docker/config.json', { credsStore });
      expect(await find('r.example/x', env)).toEqual({ warnings: [words] });
    }
  });

  it('is not had from an entry that is half', async () => {
    for (const entry of [{}, null, { auth: '' }, basic('no-colon'), basic(':only-password'), { username: 'a' }]) {
      write('.docker/config.json', { auths: { 'r.example': entry } });
      expect(await find('r.example/x')).toEqual({ warnings: [] });
    }
  });
});
