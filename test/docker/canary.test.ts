/** Two secrets, and every place where people look: neither may be anywhere but in its own file. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import { push, type Registry, registryIsThere, startRegistry } from '../contract/registry-harness.js';
import { closeDockerBox, type DockerBox, openDockerBox } from './docker-box.js';
import { docker, socketPath, testImage } from './docker-harness.js';

const password = 'canary-of-the-registry-5c1d';
const token = 'canary-of-the-token-9f3e-0123456789abcdef';
const canaries = [password, token, Buffer.from(`somebody:${password}`).toString('base64')];

describe.runIf(registryIsThere())('A token and the password of a registry', () => {
  let open: DockerBox;
  let registry: Registry;
  let tag: string;
  const said: string[] = [];

  beforeAll(async () => {
    open = openDockerBox();
    const login = { username: 'somebody', password };
    registry = await startRegistry(login);
    tag = `${registry.host}/team/server:1`;
    await using engine = dockerEngine({ socketPath });
    await docker.getImage(await testImage(engine)).tag({ repo: `${registry.host}/team/server`, tag: '1' });
    await push(docker, tag, login);
    await docker.getImage(tag).remove();
    const { directory, env } = open.box;
    const auths = { [registry.host]: { auth: Buffer.from(`somebody:${password}`).toString('base64') } };
    mkdirSync(join(directory, '.docker'));
    writeFileSync(join(directory, '.docker', 'config.json'), JSON.stringify({ auths }));
    const config = { engine: 'docker', image: { source: 'pull', reference: tag }, auth: { tokenVariable: 'MY_TOKEN' } };
    writeFileSync(join(directory, 'kserve-env.yaml'), JSON.stringify(config));
    env.MY_TOKEN = token;
  });

  afterAll(async () => {
    await closeDockerBox(open);
    await docker
      .getImage(tag)
      .remove()
      .catch(() => {});
    await registry[Symbol.asyncDispose]();
  });

  async function say(...words: string[]): Promise<number | null> {
    const { code, stdout, stderr } = await open.box.run(words);
    said.push(stdout, stderr);
    return code;
  }

  /** Files below a directory that have one of the secrets in them. */
  function holders(directory: string): string[] {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => canaries.some((canary) => readFileSync(path).includes(canary)));
  }

  it('are told by no command, label, variable, argument, log or file but their own', { timeout: 240_000 }, async () => {
    expect(await say('up', '--json')).toBe(0);
    const { data } = (await open.box.json(['status'])).answer;
    for (const words of [
      ['up', '--dry-run', '--json'],
      ['status', '--json'],
      ['ls', '--json'],
      ['env'],
      ['env', '--json'],
      ['fault', 'add', 'delay=1ms', '--json'],
      ['infer', 'simple_scaler', '21'],
      ['fault', 'add', 'pause'],
      ['fault', 'clear', '--json'],
      ['logs'],
    ])
      expect(await say(...words), words.join(' ')).toBe(0);
    await say('doctor', '--json');
    // Errors: of the registry, of a server that is gone, of a config that cannot be.
    expect(await say('infer', 'nobody', '1', '--json')).not.toBe(0);
    expect(await say('up', '--image', `${registry.host}/team/absent:1`, '--json')).not.toBe(0);
    const container = docker.getContainer(data.id);
    said.push(JSON.stringify(await container.inspect()), JSON.stringify(await docker.getImage(tag).inspect()));
    said.push(execFileSync('docker', ['top', data.id, 'ax', '-o', 'pid,args']).toString());
    const { directory } = open.box;
    const [secret, ...others] = holders(directory).filter((path) => path !== join(directory, '.docker', 'config.json'));
    expect(secret).toMatch(/\/token$/);
    expect(others).toEqual([]);
    expect(await say('down', '--json')).toBe(0);
    expect(holders(directory)).toEqual([join(directory, '.docker', 'config.json')]);
    const all = said.join('\n');
    expect(all).toContain('simple_scaler');
    for (const canary of canaries) expect(all.includes(canary), canary).toBe(false);
  });
});
