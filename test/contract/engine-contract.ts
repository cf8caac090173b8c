/** What every engine promises. Docker, local processes and the fake of the tests all pass this one suite. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Engine,
  EngineCannotError,
  type Instance,
  InstanceExistsError,
  type InstanceSpec,
  PortTakenError,
} from '../../src/engine/engine.js';
import { nameLabel } from '../../src/engine/labels.js';
import { assertPortFree } from '../../src/engine/port-check.js';
import { workspace } from '../unit/config/workspace.js';
import {
  configured,
  controlled,
  isLive,
  linesOf,
  listenSomewhere,
  rejection,
  twoFreePorts,
  untilLive,
} from './probes.js';

/** One engine under test, and the eyes that look at it from outside. */
export interface EngineHarness {
  engine: Engine;
  /** For an engine with images. */
  imageId?: string;
  /** Kills the server without asking the engine. */
  kill(instance: Instance): Promise<void>;
  /** Everything that exists in the engine or on the machine under this name: containers, networks, files, processes. */
  leftOvers(name: string, instance: Instance | undefined): Promise<string[]>;
  close(): Promise<void>;
}

/** A module without inputs, and with one answer. */
const constantModel = `export const createModel = () => ({
  inputs: [],
  outputs: [{ name: 'answer', datatype: 'INT32', shape: [1] }],
  predict: () => [{ name: 'answer', data: [42] }],
});`;

/** Exit code of a server whose configuration cannot be used. */
const badConfigCode = 2;

export function describeEngine(title: string, makeHarness: () => Promise<EngineHarness>): void {
  describe(`${title} as an engine`, () => {
    let harness: EngineHarness;
    let engine: Engine;
    const names = new Set<string>();

    beforeAll(async () => {
      harness = await makeHarness();
      engine = harness.engine;
    });

    afterEach(async () => {
      for (const name of names) {
        const instance = await engine.inspect(name);
        if (instance) await engine.remove(instance);
        expect(await harness.leftOvers(name, instance)).toEqual([]);
      }
      names.clear();
    });

    afterAll(async () => {
      await harness?.close();
    });

    function specOf(changes: Partial<InstanceSpec> = {}): InstanceSpec {
      const name = `contract-${randomBytes(4).toString('hex')}`;
      const spec: InstanceSpec = {
        name,
        env: configured([{ kind: 'identity', name: 'echo' }]),
        labels: { 'dev.kserve-env.test': 'label with spaces, "quotes" and ünïcode' },
        ports: { grpc: 'auto', http: 'auto' },
        resources: { memoryMiB: 256, cpus: 1 },
        ...(harness.imageId !== undefined && { imageId: harness.imageId }),
        ...changes,
      };
      names.add(spec.name);
      return spec;
    }

    async function startNew(changes: Partial<InstanceSpec> = {}): Promise<Instance> {
      return await engine.start(await engine.create(specOf(changes)));
    }

    async function ask(instance: Instance, request: object): Promise<unknown> {
      return JSON.parse(await engine.control(instance, JSON.stringify(request)));
    }

    it('lets the server read the files that it was given', async () => {
      using space = workspace();
      const source = space.write('model.mjs', constantModel);
      const target = '/models/0/model.mjs';
      const env = configured([{ kind: 'module', name: 'constant', path: target }]);
      const started = await startNew({ env, files: [{ source, target }] });
      await untilLive(started);
      const url = `http://127.0.0.1:${started.endpoints?.httpPort}/v2/models/constant`;
      await expect.poll(async () => (await fetch(`${url}/ready`)).status, { timeout: 15_000, interval: 20 }).toBe(200);
      const answer = await fetch(`${url}/infer`, { method: 'POST', body: '{"inputs": []}' });
      expect(await answer.json()).toMatchObject({ outputs: [{ name: 'answer', data: [42] }] });
    });

    it('says what it is', async () => {
      const info = await engine.info();
      expect(info.kind).toBe(engine.kind);
      expect(info.title).not.toBe('');
      expect(info.endpoint).not.toBe('');
      expect(info.os).toBe('linux');
      expect(info.architecture).toMatch(/^(amd64|arm64)$/);
    });

    it('creates without starting, and reads the labels back', async () => {
      const spec = specOf();
      const created = await engine.create(spec);
      expect(created).toMatchObject({ name: spec.name, state: 'created' });
      expect(created.endpoints).toBeUndefined();
      const inspected = await engine.inspect(spec.name);
      expect(inspected).toMatchObject({ id: created.id, state: 'created', labels: spec.labels });
      expect(inspected?.labels[nameLabel]).toBe(spec.name);
      expect(Date.parse(inspected?.createdAt ?? '')).not.toBeNaN();
    });

    it('knows nothing of a name that nobody used', async () => {
      expect(await engine.inspect('contract-never-made')).toBeUndefined();
    });

    it('starts a server that answers on 127.0.0.1, on ports read back', async () => {
      const started = await startNew();
      expect(started.state).toBe('running');
      expect(started.endpoints?.host).toBe('127.0.0.1');
      expect(started.endpoints?.grpcPort).toBeGreaterThan(0);
      expect(started.endpoints?.grpcPort).not.toBe(started.endpoints?.httpPort);
      await untilLive(started);
      expect((await engine.inspect(started.name))?.endpoints).toEqual(started.endpoints);
      expect(Date.parse(started.startedAt ?? '')).not.toBeNaN();
    });

    it('keeps a name for the first, whom a second create leaves untouched', async () => {
      const spec = specOf();
      const first = await engine.start(await engine.create(spec));
      await untilLive(first);
      await expect(engine.create({ ...spec, labels: {} })).rejects.toThrow(InstanceExistsError);
      expect(await engine.inspect(spec.name)).toEqual(await engine.inspect(first.name));
      expect(await engine.inspect(spec.name)).toMatchObject({ id: first.id, state: 'running', labels: spec.labels });
      await untilLive(first);
    });

    it('lets exactly one of eight creates at once win, and what it made works', async () => {
      const spec = specOf();
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => engine.create(spec)));
      const won = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
      const lost = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason);
      expect(won).toHaveLength(1);
      for (const reason of lost) expect(reason).toBeInstanceOf(InstanceExistsError);
      expect((await engine.inspect(spec.name))?.id).toBe(won[0]?.id);
      await untilLive(await engine.start(won[0] as Instance));
    });

    it('honours fixed ports, and says who has them', async () => {
      const [grpc, http] = await twoFreePorts();
      const started = await startNew({ ports: { grpc, http } });
      expect(started.endpoints).toEqual({ host: '127.0.0.1', grpcPort: grpc, httpPort: http });
      await untilLive(started);
      const holder = await engine.portHolder(http);
      expect(holder?.description).toContain(started.name);
      expect(holder?.freeWith).toBe(`kserve-env down --name ${started.name}`);
      await engine.remove(started);
      expect(await engine.portHolder(http)).toBeUndefined();
      await assertPortFree(grpc);
      await assertPortFree(http);
    });

    it('refuses to start on a fixed port that another program has, and can be removed then', async () => {
      await using squatter = await listenSomewhere();
      const [free] = await twoFreePorts();
      const created = await engine.create(specOf({ ports: { grpc: free, http: squatter.port } }));
      const error = await rejection(engine.start(created));
      expect(error).toBeInstanceOf(PortTakenError);
      expect((error as PortTakenError).port).toBe(squatter.port);
      expect(await engine.inspect(created.name)).toMatchObject({ id: created.id });
      await engine.remove(created);
      await assertPortFree(free);
    });

    it('names the environment that has a fixed port', async () => {
      const first = await startNew();
      const taken = first.endpoints?.grpcPort ?? 0;
      const second = await engine.create(specOf({ ports: { grpc: taken, http: 'auto' } }));
      const error = await rejection(engine.start(second));
      expect(error).toBeInstanceOf(PortTakenError);
      expect((error as PortTakenError).hint).toContain(`kserve-env down --name ${first.name}`);
    });

    it('tells how a server ended whose configuration is broken, waited for before its start', async () => {
      const created = await engine.create(specOf({ env: configured('nonsense') }));
      const ended = engine.waitForExit(created);
      const started = await engine.start(created);
      expect(['running', 'exited']).toContain(started.state);
      expect(await ended).toEqual({ exitCode: badConfigCode, oomKilled: false });
      const seen = await engine.inspect(created.name);
      expect(seen).toMatchObject({ state: 'exited', exit: { exitCode: badConfigCode, oomKilled: false } });
      expect(seen?.endpoints).toBeUndefined();
      const log = await linesOf(engine, created);
      expect(log.some(({ line }) => line.includes('models'))).toBe(true);
    });

    it('tells the exit of a server that ended before anybody waited', async () => {
      const started = await startNew();
      await untilLive(started);
      await engine.stop(started, 5_000);
      expect(await engine.waitForExit(started)).toEqual({ exitCode: 0, oomKilled: false });
    });

    it('stops a server, which ends by itself with code 0', async () => {
      const started = await startNew();
      await untilLive(started);
      const ended = engine.waitForExit(started);
      await engine.stop(started, 10_000);
      expect(await ended).toEqual({ exitCode: 0, oomKilled: false });
      expect(await engine.inspect(started.name)).toMatchObject({ state: 'exited', exit: { exitCode: 0 } });
      await engine.stop(started, 10_000);
    });

    it('sees a server that somebody else killed', async () => {
      const started = await startNew();
      await untilLive(started);
      const ended = engine.waitForExit(started);
      await harness.kill(started);
      expect(await ended).toMatchObject({ exitCode: 137, signal: 'SIGKILL' });
      expect((await engine.inspect(started.name))?.state).toBe('exited');
    });

    it('gives the log: all of it, its tail, from an instant on', async () => {
      const started = await startNew();
      await untilLive(started);
      await engine.stop(started, 5_000);
      const all = await linesOf(engine, started);
      expect(all.length).toBeGreaterThanOrEqual(2);
      expect(all[0]).toEqual({ stream: 'stdout', line: expect.stringContaining('server started') });
      expect(await linesOf(engine, started, { tail: 1 })).toEqual(all.slice(-1));
      expect(await linesOf(engine, started, { tail: 0 })).toEqual([]);
      expect(await linesOf(engine, started, { since: Date.parse(started.startedAt ?? '') - 1_000 })).toEqual(all);
      expect(await linesOf(engine, started, { since: Date.now() + 60_000 })).toEqual([]);
    });

    it('follows the log until the server ends', async () => {
      const started = await startNew();
      await untilLive(started);
      const followed: string[] = [];
      for await (const { line } of engine.logs(started, { follow: true })) {
        followed.push(line);
        if (line.includes('server started')) await engine.stop(started, 5_000);
      }
      expect(followed.at(-1)).toContain('server stopped');
    });

    it('stops following when told to', async () => {
      const started = await startNew();
      await untilLive(started);
      const abort = new AbortController();
      const reason = new Error('enough');
      const follow = async () => {
        for await (const _ of engine.logs(started, { follow: true, signal: abort.signal })) abort.abort(reason);
      };
      await expect(follow()).rejects.toBe(reason);
    });

    it('tells what a running server uses, and nothing of one that does not run', async () => {
      const created = await engine.create(specOf());
      expect(await engine.usage(created)).toBeUndefined();
      const started = await engine.start(created);
      await untilLive(started);
      const usage = await engine.usage(started);
      // A Node process takes tens of megabytes and some time to start, on every machine.
      expect(usage?.memoryBytes).toBeGreaterThan(10 * 1024 * 1024);
      expect(usage?.cpuSeconds).toBeGreaterThan(0);
      await engine.stop(started, 5_000);
      expect(await engine.usage(started)).toBeUndefined();
    });

    it('removes a running instance and all that belongs to it, as often as it is told to', async () => {
      const started = await startNew();
      await untilLive(started);
      const ended = engine.waitForExit(started);
      await Promise.all([engine.remove(started), engine.remove(started)]);
      await engine.remove(started);
      await ended;
      expect(await engine.inspect(started.name)).toBeUndefined();
      expect(await harness.leftOvers(started.name, started)).toEqual([]);
      await assertPortFree(started.endpoints?.httpPort ?? 0);
      expect(await linesOf(engine, started)).toEqual([]);
      expect(await engine.waitForExit(started)).toEqual({ exitCode: null, oomKilled: false });
    });

    it('removes what was never started, and what has ended', async () => {
      const created = await engine.create(specOf());
      await engine.remove(created);
      expect(await harness.leftOvers(created.name, created)).toEqual([]);
      const started = await startNew();
      await engine.stop(started, 1_000);
      await engine.remove(started);
      expect(await harness.leftOvers(started.name, started)).toEqual([]);
    });

    it('removes exactly the instance it is given, not the next one of its name', async () => {
      const spec = specOf();
      const first = await engine.create(spec);
      await engine.remove(first);
      const second = await engine.start(await engine.create(spec));
      await engine.remove(first);
      expect(await engine.inspect(spec.name)).toMatchObject({ id: second.id, state: 'running' });
      await untilLive(second);
    });

    it('lists what it has, oldest first', async () => {
      const first = await engine.create(specOf());
      const second = await startNew();
      const mine = (await engine.list()).filter(({ name }) => names.has(name));
      expect(mine.map(({ id }) => id)).toEqual([first.id, second.id]);
      expect(mine.map(({ state }) => state)).toEqual(['created', 'running']);
    });

    it('hands a line to the control socket of a running server, and its answer back', async () => {
      const created = await engine.create(specOf({ env: controlled() }));
      await expect(engine.control(created, '{"do":"list"}')).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
      const started = await engine.start(created);
      await untilLive(started);
      const added = await ask(started, { do: 'add', faults: [{ kind: 'delay', time: '1ms' }] });
      expect(added).toMatchObject({ ok: true, faults: [{ fault: { kind: 'delay' } }] });
      expect(await ask(started, { do: 'list' })).toEqual(added);
      await expect.poll(() => ask(started, { do: 'ready' })).toEqual({ ok: true, ready: true });
      expect(await ask(started, { do: 'sing' })).toMatchObject({ ok: false, error: { status: 'INVALID_ARGUMENT' } });
      const all = await Promise.all(Array.from({ length: 3 }, () => ask(started, { do: 'list' })));
      expect(all).toEqual([added, added, added]);
      await engine.stop(started, 5_000);
      const refusal = await rejection(engine.control(started, '{"do":"list"}'));
      expect(refusal).toMatchObject({ code: 'ENGINE_FAILED', message: expect.stringContaining('exited') });
    });

    it('says that a server without a control socket cannot be asked', async () => {
      const started = await startNew();
      await untilLive(started);
      await expect(engine.control(started, '{"do":"list"}')).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    });

    it('pauses a server, which answers nothing until it may go on', async () => {
      const started = await startNew({ env: controlled() });
      await untilLive(started);
      await engine.pause(started);
      await engine.pause(started);
      expect(await engine.inspect(started.name)).toMatchObject({ state: 'paused', endpoints: started.endpoints });
      expect(await isLive(started, 300)).toBe(false);
      const refusal = await rejection(engine.control(started, '{"do":"list"}'));
      expect(refusal).toMatchObject({ code: 'ENGINE_FAILED', message: expect.stringContaining('paused') });
      await engine.unpause(started);
      await engine.unpause(started);
      expect(await engine.inspect(started.name)).toEqual(started);
      await untilLive(started);
      await engine.stop(started, 5_000);
      await expect(engine.pause(started)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
      await engine.unpause(started);
    });

    it('kills a server, and starts it again on the ports that it had', async () => {
      const started = await startNew({ env: controlled() });
      await untilLive(started);
      for (const kill of ['running', 'again', 'paused'] as const) {
        if (kill === 'paused') await engine.pause(started);
        const ended = engine.waitForExit(started);
        await engine.kill(started);
        expect(await ended).toMatchObject({ exitCode: 137, signal: 'SIGKILL' });
        await engine.kill(started);
        expect((await engine.inspect(started.name))?.state).toBe('exited');
        expect(await isLive(started, 300)).toBe(false);
        const again = await engine.start(started);
        expect(again).toMatchObject({ id: started.id, state: 'running', endpoints: started.endpoints });
        expect(again.exit).toBeUndefined();
        await untilLive(again);
        await expect.poll(() => ask(again, { do: 'ready' })).toEqual({ ok: true, ready: true });
      }
    });

    it('starts a server again that was stopped, on the ports that it had', async () => {
      const started = await startNew();
      await untilLive(started);
      await engine.stop(started, 5_000);
      const again = await engine.start(started);
      expect(again.endpoints).toEqual(started.endpoints);
      await untilLive(again);
    });

    it('cuts a server off and puts it back on its ports, or says that it cannot', async () => {
      const started = await startNew({ env: controlled() });
      await untilLive(started);
      if (engine.kind === 'process') {
        for (const cut of [engine.disconnect(started), engine.reconnect(started)]) {
          const refusal = await rejection(cut);
          expect(refusal).toBeInstanceOf(EngineCannotError);
          expect(refusal).toMatchObject({ message: expect.stringContaining(started.name) });
        }
        await untilLive(started);
        return;
      }
      expect(started.disconnected).toBeUndefined();
      await engine.disconnect(started);
      await engine.disconnect(started);
      const cut = await engine.inspect(started.name);
      expect(cut).toMatchObject({ state: 'running', disconnected: true, endpoints: started.endpoints });
      expect(await isLive(started, 300)).toBe(false);
      // It is not asked over the network.
      expect(await ask(started, { do: 'ready' })).toEqual({ ok: true, ready: true });
      await engine.reconnect(started);
      await engine.reconnect(started);
      expect(await engine.inspect(started.name)).toEqual(started);
      await untilLive(started);
    });

    it('puts a server that was cut off back on its ports once nobody else has them', async () => {
      // A process is not cut off, and Podman keeps the ports meanwhile.
      if (engine.kind !== 'docker') return;
      const started = await startNew();
      await untilLive(started);
      await engine.disconnect(started);
      const squatter = await listenSomewhere(started.endpoints?.httpPort);
      await expect(engine.reconnect(started)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
      await squatter[Symbol.asyncDispose]();
      await engine.reconnect(started);
      expect(await engine.inspect(started.name)).toEqual(started);
      await untilLive(started);
    });

    it('serves from a network with no way out, or says that it cannot', async () => {
      const spec = specOf({ network: 'isolated' });
      if (engine.kind !== 'docker') {
        const refusal = await rejection(engine.create(spec));
        expect(refusal).toBeInstanceOf(EngineCannotError);
        expect(refusal).toMatchObject({ hint: expect.stringContaining('--engine docker') });
        expect(await engine.inspect(spec.name)).toBeUndefined();
        return;
      }
      const started = await engine.start(await engine.create(spec));
      await untilLive(started);
      await engine.disconnect(started);
      await engine.reconnect(started);
      await untilLive(started);
    });

    it('settles with the reason when it is told to give up', async () => {
      const created = await engine.create(specOf());
      const reason = new Error('given up');
      const later = new AbortController();
      const waiting = engine.waitForExit(created, later.signal);
      later.abort(reason);
      await expect(waiting).rejects.toBe(reason);
      const aborted = AbortSignal.abort(reason);
      await expect(engine.inspect(created.name, aborted)).rejects.toBe(reason);
      await expect(engine.list(aborted)).rejects.toBe(reason);
      await expect(engine.create(specOf(), aborted)).rejects.toBe(reason);
      await expect(engine.start(created, aborted)).rejects.toBe(reason);
      await expect(engine.stop(created, 1_000, aborted)).rejects.toBe(reason);
      await expect(engine.remove(created, aborted)).rejects.toBe(reason);
      await expect(engine.control(created, '{}', aborted)).rejects.toBe(reason);
      await expect(engine.pause(created, aborted)).rejects.toBe(reason);
      await expect(engine.unpause(created, aborted)).rejects.toBe(reason);
      await expect(engine.kill(created, aborted)).rejects.toBe(reason);
      await expect(engine.disconnect(created, aborted)).rejects.toBe(reason);
      await expect(engine.reconnect(created, aborted)).rejects.toBe(reason);
      await expect(engine.portHolder(1, aborted)).rejects.toBe(reason);
      await expect(engine.info(aborted)).rejects.toBe(reason);
      expect(await engine.inspect(created.name)).toMatchObject({ id: created.id, state: 'created' });
    });
  });
}
