import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DoctorCheck } from '../../src/commands/doctor.js';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import type { ImageStore } from '../../src/engine/image-store.js';
import { makeImage, push, type Registry, registryIsThere, startRegistry } from '../contract/registry-harness.js';
import { closeDockerBox, type DockerBox, openDockerBox } from './docker-box.js';
import { docker as daemon, socketPath } from './docker-harness.js';

let docker: DockerBox;
beforeAll(() => {
  docker = openDockerBox();
});
afterAll(async () => {
  await closeDockerBox(docker);
});

async function look(env: Record<string, string> = {}) {
  const { code, answer } = await docker.box.json(['doctor', '--engine', 'docker'], { env });
  const checks = answer.data.checks as DoctorCheck[];
  return { code, of: (id: string) => checks.find((check) => check.id === id) };
}

describe('doctor on a real daemon', () => {
  it('finds all that up needs', async () => {
    const { code, of } = await look();
    expect(code).toBe(0);
    for (const id of ['engine', 'engine-api', 'engine-clock', 'image', 'cpus', 'port-grpc', 'loopback']) {
      expect(of(id)).toMatchObject({ id, status: 'passed' });
    }
    expect(of('registry')).toMatchObject({ status: 'skipped', found: 'no image is pulled' });
  });

  it('says that more CPUs than there are would be refused, as they are', async () => {
    const path = `${docker.box.directory}/kserve-env.yaml`;
    writeFileSync(path, 'resources: {cpus: 1000}\n');
    const { code, of } = await look();
    const up = await docker.box.json(['up', '--engine', 'docker']);
    writeFileSync(path, '');
    expect({ code, status: of('cpus')?.status, up: up.code }).toEqual({ code: 5, status: 'failed', up: 5 });
  });

  it('knows the port of its own container', async () => {
    const { answer } = await docker.box.json(['up']);
    const { port } = new URL(answer.data.endpoints.http);
    const { of } = await look({ KSERVE_ENV_HTTP_PORT: port });
    expect(of('port-http')?.found).toContain('own, which is running');
  });
});

describe.runIf(registryIsThere())('doctor and a registry', () => {
  const login = { username: 'alice', password: 'secret word' };
  const engine = dockerEngine({ socketPath });
  const made: string[] = [];
  let images: ImageStore;
  let open: Registry;
  let closed: Registry;

  beforeAll(async () => {
    if (!engine.images) throw new Error('the Docker engine has images');
    images = engine.images;
    [open, closed] = await Promise.all([startRegistry(), startRegistry(login)]);
    for (const { host } of [open, closed]) {
      const tag = `${host}/team/doctor:1`;
      made.push(tag);
      await makeImage(images, tag, {});
      await push(daemon, tag, host === closed.host ? login : undefined);
      await images.remove(tag);
    }
  });
  afterAll(async () => {
    for (const tag of made) await images.remove(tag);
    await Promise.all([open[Symbol.asyncDispose](), closed[Symbol.asyncDispose](), engine[Symbol.asyncDispose]()]);
  });

  async function lookFor(reference: string, more = '', env: Record<string, string> = {}) {
    writeFileSync(
      `${docker.box.directory}/kserve-env.yaml`,
      `image: {source: pull, reference: "${reference}"${more}}\n`,
    );
    const { code, of } = await look(env);
    return { code, registry: of('registry') };
  }

  it('passes where the image is to be had, and pulls nothing', async () => {
    const reference = `${open.host}/team/doctor:1`;
    expect(await lookFor(reference)).toMatchObject({ code: 0, registry: { status: 'passed' } });
    expect(await images.find(reference)).toBeUndefined();
  });

  it('fails with 6 for a tag that the registry has not got', async () => {
    expect(await lookFor(`${open.host}/team/doctor:none`)).toMatchObject({
      code: 6,
      registry: { status: 'failed', details: { code: 'IMAGE_NOT_FOUND' } },
    });
  });

  it('fails with 6 without a login that the registry wants, and says how to log in', async () => {
    expect(await lookFor(`${closed.host}/team/doctor:1`)).toMatchObject({
      code: 6,
      registry: { remedy: expect.stringContaining(`docker login ${closed.host}`), details: { hasLogin: false } },
    });
  });

  it('passes with the login of docker login', async () => {
    const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
    const config = JSON.stringify({ auths: { [closed.host]: { auth } } });
    writeFileSync(`${docker.box.directory}/config.json`, config);
    const env = { DOCKER_CONFIG: docker.box.directory };
    const result = await lookFor(`${closed.host}/team/doctor:1`, '', env);
    expect(result).toMatchObject({ code: 0, registry: { status: 'passed', details: { hasLogin: true } } });
    expect(JSON.stringify(result)).not.toContain(login.password);
  });

  it('fails with 6 where the image is never pulled and is not there', async () => {
    expect(await lookFor(`${open.host}/team/doctor:1`, ', pullPolicy: never')).toMatchObject({
      code: 6,
      registry: { remedy: expect.stringContaining('kserve-env image load') },
    });
  });

  it('fails with 6 where the registry is gone, and only warns where the image is there', async () => {
    const reference = `${open.host}/team/doctor:1`;
    await open.kill();
    expect(await lookFor(reference)).toMatchObject({ code: 6, registry: { status: 'failed' } });
    await makeImage(images, reference, {});
    expect(await lookFor(reference, ', pullPolicy: always')).toMatchObject({
      code: 0,
      registry: { status: 'warned', found: expect.stringContaining('what is there will be used') },
    });
    expect(await lookFor(reference)).toMatchObject({
      code: 0,
      registry: { found: expect.stringContaining('already') },
    });
  });
});
