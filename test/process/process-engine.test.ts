import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, Instance, InstanceSpec } from '../../src/engine/engine.js';
import { identify, type ProcessIdentity, processState } from '../../src/engine/process/identity.js';
import { serverBundlePath } from '../../src/engine/process/server-bundle.js';
import { configured, controlled, rejection, untilLive } from '../contract/probes.js';
import { workspace } from '../unit/config/workspace.js';
import { type ProcessHarness, processesOf, processHarness } from './process-harness.js';

describe('A local process as an environment', () => {
  let harness: ProcessHarness;
  let engine: Engine;
  const name = 'mine';

  beforeAll(async () => {
    harness = await processHarness();
    engine = harness.engine;
  });

  afterEach(async () => {
    const instance = await engine.inspect(name);
    if (instance) await engine.remove(instance);
    expect(await harness.leftOvers(name, instance)).toEqual([]);
  });

  afterAll(async () => {
    await harness.close();
  });

  async function create(changes: Partial<InstanceSpec> = {}): Promise<Instance> {
    return await engine.create({
      name,
      env: configured([]),
      labels: {},
      ports: { grpc: 'auto', http: 'auto' },
      resources: { memoryMiB: 256, cpus: 1 },
      ...changes,
    });
  }

  const recordPath = () => join(harness.stateDir, name, 'instance.json');

  async function changeRecord(change: (record: Record<string, unknown>) => void): Promise<void> {
    const record = JSON.parse(await readFile(recordPath(), 'utf8')) as Record<string, unknown>;
    change(record);
    await writeFile(recordPath(), JSON.stringify(record));
  }

  it('is known to the next command, which can end it', async () => {
    const started = await engine.start(await create());
    const next = harness.another();
    expect(await next.inspect(name)).toEqual(await engine.inspect(name));
    const ended = next.waitForExit(started);
    await next.stop(started, 5_000);
    expect((await ended).oomKilled).toBe(false);
    await next.remove(started);
    expect(await processesOf(started.id)).toEqual([]);
  });

  it('gets nothing of the surroundings but what Node needs', async () => {
    const started = await engine.start(await create({ env: { ...configured([]), MINE: 'yes' } }));
    const [pid] = await processesOf(started.id);
    const names = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').map((entry) => entry.split('=')[0]);
    expect(names).toContain('MINE');
    expect(names).not.toContain('VITEST');
    expect(names.filter((variable) => variable?.startsWith('npm_'))).toEqual([]);
  });

  it('keeps what it knows from others', async () => {
    await engine.start(await create());
    expect((await stat(recordPath())).mode & 0o777).toBe(0o600);
    expect((await stat(join(harness.stateDir, name))).mode & 0o777).toBe(0o700);
    expect((await stat(join(harness.stateDir, name, 'server.log'))).mode & 0o777).toBe(0o600);
  });

  it('is never taken for a process that got its number later', async () => {
    const started = await engine.start(await create());
    const [pid] = await processesOf(started.id);
    let identity = { pid: pid ?? 0, startTime: '', bootId: '' };
    await changeRecord((record) => {
      identity = record.process as typeof identity;
      record.process = { ...identity, startTime: '1' };
    });
    const next = harness.another();
    expect(await next.inspect(name)).toMatchObject({ state: 'exited', exit: { exitCode: null } });
    await next.stop(started, 1_000);
    expect(await processState(identity)).toBe('running');
    await changeRecord((record) => {
      record.process = { ...identity, bootId: 'another boot' };
    });
    expect((await next.inspect(name))?.state).toBe('exited');
    await changeRecord((record) => {
      record.process = identity;
    });
    expect((await next.inspect(name))?.state).toBe('running');
  });

  it.each([
    { what: 'a start time of its own', of: { startTime: '1' } },
    { what: 'another boot', of: { bootId: 'another boot' } },
  ])('leaves alone who has its number by now, told by $what', async ({ of }) => {
    const created = await create();
    const bystander = spawn('sleep', ['600'], { stdio: 'ignore' });
    const ended = new Promise((resolve) => bystander.once('exit', (_, signal) => resolve(signal)));
    try {
      const identity = await identify(bystander.pid ?? 0);
      await changeRecord((record) => {
        record.process = { ...identity, ...of };
      });
      const next = harness.another();
      expect((await next.inspect(name))?.state).not.toBe('running');
      await next.stop(created, 500);
      await next.remove(created);
      expect(await next.inspect(name)).toBeUndefined();
      expect(await processState(identity as ProcessIdentity)).toBe('running');
    } finally {
      bystander.kill('SIGINT');
      expect(await ended).toBe('SIGINT');
    }
  });

  it('is incomplete when its record cannot be read, and can be removed', async () => {
    await mkdir(recordPath(), { recursive: true });
    const found = await engine.inspect(name);
    expect(found).toMatchObject({ name, state: 'incomplete' });
    await engine.remove(found as Instance);
    expect(await engine.inspect(name)).toBeUndefined();
  });

  it('is found when the command was killed before it could note the number', async () => {
    const started = await engine.start(await create());
    await changeRecord((record) => {
      delete record.process;
    });
    const next = harness.another();
    expect((await next.inspect(name))?.state).toBe('running');
    await next.remove(started);
    expect(await processesOf(started.id)).toEqual([]);
  });

  it.each(['', '{"id":', '{}', '[]', 'null'])(
    'is incomplete when its record is %j, and can be removed',
    async (text) => {
      await mkdir(join(harness.stateDir, name));
      if (text !== '') await writeFile(recordPath(), text);
      const found = await engine.inspect(name);
      expect(found).toMatchObject({ name, state: 'incomplete' });
      expect((await engine.list()).map(({ state }) => state)).toEqual(['incomplete']);
      await engine.remove(found as Instance);
      expect(await engine.inspect(name)).toBeUndefined();
    },
  );

  it('is paused and goes on, and can be stopped in between', async () => {
    const started = await engine.start(await create());
    await untilLive(started);
    const [pid] = await processesOf(started.id);
    process.kill(pid ?? 0, 'SIGSTOP');
    await expect.poll(async () => (await engine.inspect(name))?.state).toBe('paused');
    const ended = engine.waitForExit(started);
    await engine.stop(started, 5_000);
    expect((await ended).exitCode).toBe(0);
  });

  it('has its control socket elsewhere where its own directory has too long a path, and takes it away', async () => {
    using space = workspace();
    const stateDir = join(space.directory, 's'.repeat(100));
    await mkdir(stateDir);
    const { processEngine } = await import('../../src/engine/process/process-engine.js');
    const far = processEngine({ stateDir, tempDir: space.directory, serverBundle: serverBundlePath, env: process.env });
    const sockets = async () => (await readdir(space.directory)).filter((entry) => entry.startsWith('kserve-env-'));
    const started = await far.start(
      await far.create({
        name,
        env: controlled(),
        labels: {},
        ports: { grpc: 'auto', http: 'auto' },
        resources: { memoryMiB: 256, cpus: 1 },
      }),
    );
    try {
      await untilLive(started);
      expect(await sockets()).toHaveLength(1);
      expect(JSON.parse(await far.control(started, '{"do":"list"}'))).toEqual({ ok: true, faults: [] });
    } finally {
      await far.remove(started);
    }
    expect(await sockets()).toEqual([]);
    expect(await readdir(stateDir)).toEqual([]);
  });

  it('is paused, and killed, with all of its workers', async () => {
    const config = { version: '0.0.0-test', models: [], workers: 2 };
    const started = await engine.start(await create({ env: { KSERVE_ENV_SERVER_CONFIG: JSON.stringify(config) } }));
    await untilLive(started);
    const [primary = 0] = await processesOf(started.id);
    const workers = (await readFile(`/proc/${primary}/task/${primary}/children`, 'utf8')).trim().split(' ').map(Number);
    expect(workers).toHaveLength(2);
    const all = await Promise.all([primary, ...workers].map(async (pid) => (await identify(pid)) as ProcessIdentity));
    const states = async () => await Promise.all(all.map(processState));
    await engine.pause(started);
    await expect.poll(states).toEqual(['paused', 'paused', 'paused']);
    await engine.unpause(started);
    await expect.poll(states).toEqual(['running', 'running', 'running']);
    await untilLive(started);
    await engine.kill(started);
    await expect.poll(states).toEqual(['gone', 'gone', 'gone']);
  });

  it('says what is missing when the server was not built', async () => {
    const created = await create();
    const { processEngine } = await import('../../src/engine/process/process-engine.js');
    const unbuilt = processEngine({
      stateDir: harness.stateDir,
      tempDir: tmpdir(),
      serverBundle: () => join(harness.stateDir, 'absent.cjs'),
      env: process.env,
    });
    const started = await unbuilt.start(created);
    expect(started.state).toBe('exited');
    expect(await rejection(engine.create({ ...(await specOfName()) }))).toMatchObject({ code: 'INSTANCE_EXISTS' });
  });

  async function specOfName(): Promise<InstanceSpec> {
    return {
      name,
      env: {},
      labels: {},
      ports: { grpc: 'auto', http: 'auto' },
      resources: { memoryMiB: 64, cpus: 1 },
    };
  }
});
