import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import { describePulls, login } from '../contract/pull-contract.js';
import { docker, socketPath } from './docker-harness.js';

async function connect() {
  const engine = dockerEngine({ socketPath, limits: { idleMs: 3_000 } });
  const patient = dockerEngine({ socketPath });
  const close = async () => {
    await Promise.all([engine[Symbol.asyncDispose](), patient[Symbol.asyncDispose]()]);
  };
  return { kind: 'docker' as const, engine, patient, client: docker, close };
}

describePulls('Docker', connect, (scene) => {
  it('tells how far a pull is', async () => {
    const tag = `${scene.open.host}/team/large:1`;
    await scene.publish(tag, { bytes: 3_000_000 });
    const details: string[] = [];
    await scene.pull(tag, { onDetail: (detail) => details.push(detail) });
    expect(details.at(-1)).toMatch(/^1 of 1 layers, 3\.0 of 3\.0 MB/);
  });

  // Podman tries again by itself, and tells nobody.
  it('waits and tries again where there is a limit, three times at most', async () => {
    scene.configure({});
    const tag = `${scene.open.host}/limited:1`;
    const { id } = await scene.publish(tag);
    const limited = tag.replace(scene.open.host, scene.open.limitedHost);
    scene.made.add(limited);
    scene.open.refuse(2);
    const details: string[] = [];
    const pulled = await scene.pull(limited, { onDetail: (detail) => details.push(detail) });
    expect(pulled.image.id).toBe(id);
    expect(pulled.warnings).toEqual([
      expect.stringMatching(/toomanyrequests.*attempt 2 of 3 in /),
      expect.stringMatching(/toomanyrequests.*attempt 3 of 3 in /),
    ]);
    expect(details).toEqual(expect.arrayContaining(pulled.warnings));
    scene.open.refuse(3);
    const { image, warnings } = await scene.pull(limited, { policy: 'always' });
    expect({ id: image.id, last: warnings.at(-1) }).toEqual({ id, last: expect.stringMatching(/; using the /) });
    await scene.images.remove(limited);
    scene.open.refuse(3);
    await expect(scene.pull(limited)).rejects.toMatchObject({
      code: 'IMAGE_RATE_LIMITED',
      exitCode: 6,
      retryable: true,
    });
    scene.open.refuse(0);
  });

  it('names the platform where the image is for another', async () => {
    const tag = `${scene.open.host}/foreign:1`;
    await scene.publish(tag, { architecture: 's390x' });
    const { warnings } = await scene.pull(tag);
    expect(warnings).toEqual([expect.stringMatching(/linux\/s390x.*runs linux\//)]);
    await scene.images.remove(tag);
    await expect(scene.pull(tag, { platform: 'linux/ppc64le' })).rejects.toMatchObject({ exitCode: 6 });
  });

  describe('that wants a login', () => {
    let tag: string;
    let id: string;
    beforeAll(async () => {
      tag = `${scene.closed.host}/secret/server:1`;
      ({ id } = await scene.publish(tag));
    });

    const auth = (password: string) => Buffer.from(`${login.username}:${password}`).toString('base64');
    const program = (name: string, script: string) => {
      writeFileSync(join(scene.home, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    };
    const withHelpers = () => ({
      auth: {
        env: { PATH: `${scene.home}:${process.env.PATH}`, DOCKER_CONFIG: scene.home, ASKED: join(scene.home, 'asked') },
        homeDir: undefined,
        engine: 'docker' as const,
      },
    });

    it.each([
      { what: 'no login', config: () => ({}) },
      { what: 'a wrong password', config: () => ({ auths: { [scene.closed.host]: { auth: auth('wrong') } } }) },
      {
        what: 'a login for another registry',
        config: () => ({ auths: { [scene.open.host]: { auth: auth(login.password) } } }),
      },
    ])('refuses $what, and the error says how to log in and has no secret', async ({ config }) => {
      scene.configure(config());
      const error = await scene.pull(tag).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'IMAGE_UNAUTHORIZED',
        exitCode: 6,
        hint: expect.stringContaining(`docker login ${scene.closed.host}`),
      });
      const { message, details, hint, cause } = error as { [key: string]: unknown };
      expect(JSON.stringify([message, details, hint, String(cause)])).not.toMatch(/wrong|horse/);
    });

    it.each([
      { what: 'the host', key: () => scene.closed.host },
      { what: 'an address as old files have it', key: () => `https://${scene.closed.host}/v2/` },
      { what: 'a part of the registry', key: () => `${scene.closed.host}/secret` },
    ])('lets in who logged in under $what', async ({ key }) => {
      scene.configure({ auths: { [key()]: { auth: auth(login.password) } } });
      expect((await scene.pull(tag)).image.id).toBe(id);
      await scene.images.remove(tag);
    });

    it.each([
      { what: 'of this registry', config: () => ({ credHelpers: { [scene.closed.host]: 'test' } }) },
      { what: 'of all of them', config: () => ({ credsStore: 'test', auths: { [scene.closed.host]: {} } }) },
    ])('lets in who a helper $what knows, asked by its standard input alone', async ({ config }) => {
      const answer = JSON.stringify({ ServerURL: scene.closed.host, Username: login.username, Secret: login.password });
      program('test', `echo "$@" "$(cat)" > "$ASKED"; echo '${answer}'`);
      scene.configure(config());
      expect(await scene.pull(tag, withHelpers())).toMatchObject({ image: { id }, warnings: [] });
      expect(readFileSync(join(scene.home, 'asked'), 'utf8')).toBe(`get ${scene.closed.host}\n`);
      await scene.images.remove(tag);
    });

    it('goes on without a login where the helper knows none', async () => {
      program('none', 'echo "credentials not found in native keychain"; exit 1');
      scene.configure({ credsStore: 'none' });
      await expect(scene.pull(tag, withHelpers())).rejects.toMatchObject({ code: 'IMAGE_UNAUTHORIZED' });
      const { image, warnings } = await scene.pull(`${scene.open.host}/untagged`, {
        ...withHelpers(),
        policy: 'always',
      });
      expect({ id: image.id.slice(0, 7), warnings }).toEqual({ id: 'sha256:', warnings: [] });
    });

    it('goes on with a warning, in its words, where the helper is broken, and uses what the file has', async () => {
      program('broken', 'echo "the key chain is locked" >&2; exit 3');
      scene.configure({ credsStore: 'broken', auths: { [scene.closed.host]: { auth: auth(login.password) } } });
      const { image, warnings } = await scene.pull(tag, withHelpers());
      expect(image.id).toBe(id);
      expect(warnings).toEqual([expect.stringMatching(/docker-credential-broken failed .*the key chain is locked/)]);
      await scene.images.remove(tag);
    });
  });
});
