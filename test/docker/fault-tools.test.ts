/** The tools that faults are made and leaks are found with: a tool that sees nothing would pass every test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import { nameLabel } from '../../src/engine/labels.js';
import { configured } from '../contract/probes.js';
import { type DaemonProxy, httpAnswer, startDaemonProxy } from '../fakes/daemon-proxy.js';
import { deferred } from '../tools/deferred.js';
import { type Footprint, type FootprintScope, goneSince, leftSince, takeFootprint } from '../tools/footprint.js';
import { type PrivateDaemon, startPrivateDaemon } from '../tools/private-daemon.js';
import { isAlive } from '../tools/processes.js';
import { requirePrivateDaemons, testImage } from './docker-harness.js';

/** Body of an answer, or the code of what went wrong. */
async function ask(socketPath: string, path = '/_ping'): Promise<string> {
  return await new Promise((resolve) => {
    const request = get({ socketPath, path, agent: false }, async (answer) => {
      try {
        let text = '';
        for await (const chunk of answer) text += chunk;
        resolve(`${answer.statusCode} ${text}`);
      } catch (error) {
        resolve((error as NodeJS.ErrnoException).code ?? String(error));
      }
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? String(error)));
  });
}

describe.runIf(requirePrivateDaemons())('with a private daemon', () => {
  let daemon: PrivateDaemon;
  beforeAll(async () => {
    daemon = await startPrivateDaemon();
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  describe('the proxy', () => {
    let proxy: DaemonProxy;
    beforeEach(async () => {
      proxy = await startDaemonProxy(daemon.socketPath);
    });
    afterEach(() => proxy[Symbol.asyncDispose]());

    it('passes what it is not told to change, in both directions', async () => {
      expect(await ask(proxy.socketPath)).toBe('200 OK');
      expect(proxy.requests).toEqual(['GET /_ping']);
    });

    it('decides on each request by itself, and counts them', async () => {
      proxy.decide = ({ index, name }) =>
        name === 'GET /version' && index === 2
          ? { kind: 'say', text: httpAnswer(500, '<p>no</p>', { type: 'text/html' }) }
          : undefined;
      expect(await ask(proxy.socketPath, '/version')).toContain('200 {"Platform"');
      expect(await ask(proxy.socketPath, '/version')).toBe('500 <p>no</p>');
      expect(await ask(proxy.socketPath, '/version?again')).toContain('200 ');
    });

    it('cuts and rewrites answers, and closes at once', async () => {
      proxy.behaviour = { kind: 'cut', after: 200 };
      expect(await ask(proxy.socketPath, '/version')).toBe('ECONNRESET');
      proxy.behaviour = { kind: 'close' };
      expect(await ask(proxy.socketPath)).toBe('ECONNRESET');
      proxy.behaviour = { kind: 'rewrite', answer: ({ status, body }) => httpAnswer(status + 1, `${body}!`) };
      expect(await ask(proxy.socketPath)).toBe('201 OK!');
      proxy.behaviour = { kind: 'drip', bytes: 50, everyMs: 1 };
      expect(await ask(proxy.socketPath)).toBe('200 OK');
    });

    it('keeps a request from the daemon when its client goes before', async () => {
      const held = deferred();
      const arrived = deferred();
      proxy.onRequest = async () => {
        arrived.resolve();
        await held.promise;
      };
      const answers: string[] = [];
      proxy.onAnswer = ({ name }) => {
        answers.push(name);
      };
      const request = get({ socketPath: proxy.socketPath, path: '/_ping', agent: false });
      request.on('error', () => {});
      await arrived.promise;
      const closed = new Promise((resolve) => request.once('close', resolve));
      request.destroy();
      await closed;
      proxy.onRequest = undefined;
      held.resolve();
      expect(await ask(proxy.socketPath, '/version')).toContain('200');
      expect(answers).toEqual(['GET /version']);
    });
  });

  describe('the footprint', () => {
    let scope: FootprintScope;
    let before: Footprint;
    beforeEach(async () => {
      const directory = mkdtempSync(join(tmpdir(), 'kserve-env-footprint-'));
      scope = { directory, docker: daemon.docker, daemonDirectory: daemon.directory };
      before = await takeFootprint(scope);
      expect(before).toEqual([]);
    });
    afterEach(async () => {
      await daemon.clear();
      rmSync(scope.directory, { recursive: true, force: true });
    });
    const left = async () => leftSince(before, await takeFootprint(scope));

    it('sees containers with what runs for them, networks and volumes', async () => {
      await using engine = dockerEngine({ socketPath: daemon.socketPath });
      const spec = { env: configured([]), labels: {}, ports: { grpc: 'auto', http: 'auto' } as const };
      const made = await engine.create({
        ...spec,
        name: 'leak',
        imageId: await testImage(engine),
        resources: { memoryMiB: 256, cpus: 1 },
      });
      await engine.start(made);
      await daemon.docker.createVolume({ Name: 'leak', Labels: { [nameLabel]: 'leak' } });
      const things = (await left()).join('\n');
      expect(things).toMatch(/^container kserve-env-leak \w+ \(running\)$/m);
      expect(things).toMatch(/^network kserve-env-leak \w+$/m);
      expect(things).toMatch(/^volume leak$/m);
      expect(things).toMatch(/^process \d+ \(\S*docker-proxy/m);
      expect(things).toMatch(/^listener on port \d+$/m);
      await daemon.docker.getVolume('leak').remove();
      await engine.remove(made);
      // Shims and proxies end a moment after their container.
      await expect.poll(left, { timeout: 10_000 }).toEqual([]);
    });

    it('sees files and directories of state, but not the history', async () => {
      mkdirSync(join(scope.directory, 'state', '.locks'), { recursive: true });
      mkdirSync(join(scope.directory, 'state', '.making-1'));
      writeFileSync(join(scope.directory, 'state', '.locks', 'name'), '');
      mkdirSync(join(scope.directory, 'state', '.timings'));
      writeFileSync(join(scope.directory, 'state', '.timings', '1.ndjson'), '');
      expect((await left()).sort()).toEqual(['file .locks/name', 'file .making-1']);
    });

    it('sees processes and where they listen, but no zombie', async () => {
      const listen = "require('net').createServer().listen(0, '127.0.0.1', () => console.log('listens'))";
      const child = spawn(process.execPath, ['-e', listen], { env: { HOME: scope.directory } });
      await once(child.stdout, 'data');
      expect(await left()).toEqual([
        expect.stringMatching(`^process ${child.pid} `),
        expect.stringMatching(/^listener on port \d+$/),
      ]);
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      expect(await left()).toEqual([]);

      // The shell never asks how its child ended: a zombie, which kill -0 takes for alive.
      const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60']);
      const [pid] = await once(parent.stdout, 'data');
      await expect.poll(() => isAlive(Number(pid))).toBe(false);
      expect(() => process.kill(Number(pid), 0)).not.toThrow();
      parent.kill('SIGKILL');
    });

    it('sees what is gone', async () => {
      await daemon.docker.createNetwork({ Name: 'mine' });
      const then = await takeFootprint(scope);
      await daemon.clear();
      expect(goneSince(then, await takeFootprint(scope))).toEqual([expect.stringContaining('network mine')]);
    });
  });

  it('the daemon comes back after a kill with what it had, and goes without a trace', async () => {
    await daemon.docker.createNetwork({ Name: 'stays' });
    await daemon.kill('SIGKILL');
    expect(await ask(daemon.socketPath)).toBe('ECONNREFUSED');
    await daemon.start();
    const networks = await daemon.docker.listNetworks({ filters: { type: ['custom'] } });
    expect(networks.map(({ Name }) => Name)).toEqual(['stays']);
    await daemon.clear();
  });
});
