import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DoctorCheck } from '../../src/commands/doctor.js';
import { listenSomewhere } from '../contract/probes.js';
import { describedDaemon } from '../fakes/described-daemon.js';
import { answerOf } from './json-schemas.js';
import { leftBehind } from './oracle.js';
import { type CliOptions, type Sandbox, sandbox } from './run-cli.js';

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
});
afterEach(() => {
  box[Symbol.dispose]();
});

/** What `doctor` found, by the checks' ids. */
async function look(args: string[] = [], options: CliOptions = {}) {
  const { code, answer, stderr } = await box.json(['doctor', ...args], options);
  const schema = answerOf('doctor', code === 0 ? 'ok' : 'error');
  expect(schema.safeParse(answer).error).toBeUndefined();
  expect(stderr).toBe('');
  const checks = answer.data.checks as DoctorCheck[];
  return { code, answer, of: (id: string) => checks.find((check) => check.id === id) };
}

describe('doctor without a daemon', () => {
  it('says that local processes will be used, changes nothing, and exits 0', async () => {
    const { code, answer, of } = await look([], { env: { DOCKER_HOST: '', CONTAINER_HOST: '' } });
    expect({ code, failed: answer.data.summary.failed }).toEqual({ code: 0, failed: 0 });
    expect(of('engine')?.status).not.toBe('failed');
    expect(readdirSync(box.directory)).toEqual([]);
  });

  it('warns where DOCKER_HOST names one that is not there', async () => {
    const { code, of } = await look();
    expect({ code, engine: of('engine') }).toMatchObject({
      code: 0,
      engine: { status: 'warned', remedy: expect.stringContaining('unset DOCKER_HOST') },
    });
    expect(of('image')).toMatchObject({ status: 'passed', found: 'local processes need no image' });
    expect(of('limits')?.status).toBe('skipped');
  });

  it('fails with 5 where one is asked for by name, and looks at the rest all the same', async () => {
    const { code, answer, of } = await look(['--engine', 'docker']);
    expect({ code, answer }).toMatchObject({
      code: 5,
      answer: { error: { code: 'DOCTOR_FAILED', details: { failed: ['engine'] } } },
    });
    expect(of('engine')).toMatchObject({ status: 'failed', details: { code: 'ENGINE_UNREACHABLE' } });
    expect(of('port-grpc')?.status).toBe('passed');
  });

  it('prints a line a check, its remedy below, and the counts', async () => {
    const { code, stdout, stderr } = await box.run(['doctor', '--engine', 'docker']);
    expect(code).toBe(5);
    expect(stdout).toMatch(/^✔ Node {2,}Node \d+/);
    expect(stdout).toMatch(/^✖ Engine .*no-docker\.sock does not exist\n +→ .*--engine process/m);
    expect(stdout).toMatch(/\n\d+ passed, \d+ warnings?, 1 failed, \d+ skipped\n$/);
    expect(stderr).toContain('error: kserve-env up would not work: Engine');
  });
});

describe('doctor with a daemon', () => {
  const withDaemon = async (says: Parameters<typeof describedDaemon>[1], ...args: string[]) => {
    await using daemon = await describedDaemon(box.directory, says);
    const result = await look(args, { env: { DOCKER_HOST: daemon.host } });
    return { ...result, requests: daemon.requests };
  };

  it('only asks, and changes nothing', async () => {
    const { code, answer, requests } = await withDaemon({});
    expect({ code, summary: answer.data.summary }).toMatchObject({ code: 0, summary: { warned: 0, failed: 0 } });
    expect(requests).toContain('GET /info');
    expect(requests.filter((request) => !request.startsWith('GET '))).toEqual([]);
  });

  it.each([
    { id: 'engine-api', says: { version: { ApiVersion: '1.40' } }, status: 'warned', code: 0 },
    { id: 'engine-api', says: { version: { ApiVersion: '1.24' } }, status: 'failed', code: 5 },
    { id: 'engine-clock', says: { info: { SystemTime: '2001-01-01T00:00:00Z' } }, status: 'warned', code: 0 },
    { id: 'engine-clock', says: { info: { SystemTime: undefined } }, status: 'skipped', code: 0 },
    { id: 'limits', says: { info: { MemoryLimit: false } }, status: 'warned', code: 0 },
    { id: 'security', says: { info: { SecurityOptions: null } }, status: 'warned', code: 0 },
    { id: 'memory', says: { info: { MemTotal: 2 ** 20 } }, status: 'warned', code: 0 },
    { id: 'memory', says: { info: { MemTotal: undefined } }, status: 'skipped', code: 0 },
    { id: 'cpus', says: { info: { NCPU: 0.5 } }, status: 'failed', code: 5 },
    {
      id: 'image-disk',
      says: { info: { Name: hostname(), DockerRootDir: tmpdir() } },
      status: expect.stringMatching('passed|warned'),
      code: 0,
    },
    // Of another machine nobody knows its disk.
    { id: 'image-disk', says: {}, status: 'skipped', code: 0 },
  ])('tells of $id: $status where it says $says', async ({ id, says, status, code }) => {
    const result = await withDaemon(says);
    expect({ code: result.code, status: result.of(id)?.status }).toEqual({ code, status });
  });

  it('warns of one that accepts and never answers, and takes local processes', async () => {
    const { code, of } = await withDaemon({ silent: ['/_ping', '/version', '/info'] });
    expect({ code, engine: of('engine') }).toMatchObject({
      code: 0,
      engine: { status: 'warned', found: expect.stringContaining('did not answer within') },
    });
    expect(of('image')?.found).toBe('local processes need no image');
  });

  it('gives up one that falls silent, and tells the rest', async () => {
    const { code, of } = await withDaemon({ silent: ['/info'] });
    expect({ code, engine: of('engine')?.status }).toEqual({ code: 0, engine: 'passed' });
    expect(of('limits')).toMatchObject({ status: 'warned', found: 'no answer within 9 s' });
  });
});

describe('doctor and the config', () => {
  it('fails with 2 and every problem with file and line', async () => {
    writeFileSync(`${box.directory}/kserve-env.yaml`, 'engine: process\nresources: {cpus: 0}\ntypo: 1\n');
    const { code, of } = await look();
    expect({ code, config: of('config') }).toMatchObject({ code: 2, config: { status: 'failed' } });
    expect(of('config')?.found).toContain('kserve-env.yaml:2  resources.cpus');
    expect(of('config')?.found).toContain('kserve-env.yaml:3  typo');
    expect(of('port-grpc')).toMatchObject({ status: 'skipped', found: 'the config cannot be used' });
  });

  it('fails with 2 where a file of a model is not there', async () => {
    writeFileSync(`${box.directory}/kserve-env.yaml`, 'models:\n  - {name: m, kind: module, path: ./none.mjs}\n');
    const { code, of } = await look(['--engine', 'process']);
    expect({ code, models: of('models') }).toMatchObject({
      code: 2,
      models: { status: 'failed', found: expect.stringContaining('kserve-env.yaml:2') },
    });
  });

  it('passes where the files of all models can be read', async () => {
    const model = 'export const inputs = []; export const outputs = []; export function infer() { return {}; }';
    writeFileSync(`${box.directory}/m.mjs`, model);
    writeFileSync(`${box.directory}/kserve-env.yaml`, 'models:\n  - {name: m, kind: module, path: ./m.mjs}\n');
    const { of } = await look(['--engine', 'process']);
    expect(of('models')).toMatchObject({ status: 'passed', details: { files: [`${box.directory}/m.mjs`] } });
  });
});

describe('doctor and ports', () => {
  it('fails with 7 and names the holder', async () => {
    await using listener = await listenSomewhere();
    const { code, of } = await look(['--grpc-port', String(listener.port)]);
    expect({ code, port: of('port-grpc') }).toMatchObject({
      code: 7,
      port: { status: 'failed', remedy: expect.stringContaining(`kill ${process.pid}`) },
    });
  });

  it('knows the ports of the running environment as its own', async () => {
    const { answer } = await box.json(['up']);
    try {
      const port = new URL(answer.data.endpoints.http).port;
      const { code, of } = await look(['--http-port', port]);
      expect({ code, found: of('port-http')?.found }).toEqual({
        code: 0,
        found: `${port} is ${answer.data.name}'s own, which is running`,
      });
    } finally {
      await box.run(['down']);
    }
  });
});

describe('doctor and directories', () => {
  it('fails with 5 where the one for state is no directory, and warns of the cache', async () => {
    const path = `${box.directory}/file`;
    writeFileSync(path, '');
    const { code, of } = await look([], { env: { KSERVE_ENV_STATE_DIR: path, KSERVE_ENV_CACHE_DIR: `${path}/below` } });
    expect({ code, state: of('state-directory'), cache: of('cache-directory') }).toMatchObject({
      code: 5,
      state: { status: 'failed', found: `${path} is no directory` },
      cache: { status: 'warned' },
    });
  });

  it('fails where others may write to the one for state', async () => {
    const path = `${box.directory}/open`;
    mkdirSync(path);
    chmodSync(path, 0o777);
    const { code, of } = await look([], { env: { KSERVE_ENV_STATE_DIR: path } });
    expect({ code, status: of('state-directory')?.status }).toEqual({ code: 5, status: 'failed' });
  });

  it('passes with one that is still to be made, and does not make it', async () => {
    const path = `${box.directory}/a/b/c`;
    const { of } = await look([], { env: { KSERVE_ENV_STATE_DIR: path } });
    expect(of('state-directory')).toMatchObject({ status: 'passed', details: { path, exists: false } });
    expect(existsSync(`${box.directory}/a`)).toBe(false);
  });
});

describe('doctor and what was left behind', () => {
  it('names an environment that has ended, and the command that removes it', async () => {
    const { answer } = await box.json(['up', '--engine', 'process']);
    for (const entry of leftBehind(box)) {
      const pid = /^process (\d+)$/.exec(entry)?.[1];
      if (pid !== undefined) process.kill(Number(pid), 'SIGKILL');
    }
    const { of } = await look();
    expect(of('left-overs')).toMatchObject({
      status: 'warned',
      remedy: `kserve-env down --name ${answer.data.name}`,
    });
    await box.run(['down']);
    expect((await look()).of('left-overs')?.status).toBe('passed');
  });
});
