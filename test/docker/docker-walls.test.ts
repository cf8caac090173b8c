/** The walls of a container, as they are from inside. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import type { Engine, Instance, InstanceSpec } from '../../src/engine/engine.js';
import { configured, untilLive } from '../contract/probes.js';
import { workspace } from '../unit/config/workspace.js';
import { docker, dockerLeftOvers, socketPath, testImage } from './docker-harness.js';
import { inside } from './inside.js';

const engine: Engine = dockerEngine({ socketPath });
const made: Instance[] = [];
let imageId: string;

beforeAll(async () => {
  imageId = await testImage(engine);
});

afterEach(async () => {
  for (const instance of made.splice(0)) {
    await engine.remove(instance);
    expect(await dockerLeftOvers(instance.name)).toEqual([]);
  }
});

async function start(changes: Partial<InstanceSpec> = {}): Promise<Instance> {
  const created = await engine.create({
    name: `walls-${randomBytes(4).toString('hex')}`,
    imageId,
    env: configured([]),
    labels: {},
    ports: { grpc: 'auto', http: 'auto' },
    resources: { memoryMiB: 256, cpus: 1 },
    ...changes,
  });
  made.push(created);
  const started = await engine.start(created);
  await untilLive(started);
  return started;
}

describe('A server in its container', () => {
  it('is nobody, with no rights, no way to more, and system calls filtered', async () => {
    const { id } = await start();
    const status = await inside<string[]>(
      id,
      `const server = fs.readdirSync('/proc').filter((entry) => /^\\d+$/.test(entry))
         .find((pid) => /kserve-server/.test(fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8')));
       return ['self', server].map((pid) => fs.readFileSync('/proc/' + pid + '/status', 'utf8'));`,
    );
    expect(status).toHaveLength(2);
    for (const text of status) {
      const value = (key: string) => new RegExp(`^${key}:\\s+(.*)$`, 'm').exec(text)?.[1]?.replaceAll('\t', ' ');
      for (const id of ['Uid', 'Gid']) expect(value(id)).toBe('65532 65532 65532 65532');
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(value(set)).toBe('0'.repeat(16));
      expect(value('NoNewPrivs')).toBe('1');
      expect(value('Seccomp')).toBe('2');
    }
  });

  it('writes to /tmp and nowhere else, and runs nothing from there', async () => {
    using space = workspace();
    const source = space.write('model.mjs', 'export {}');
    const { id } = await start({ files: [{ source, target: '/models/0/model.mjs' }] });
    const found = await inside<{ written: string[]; ran: string; opened: Record<string, string> }>(
      id,
      `const written = [];
       const walk = (path, depth) => {
         let entries = [];
         try { fs.writeFileSync(path + '/x', 'x'); fs.unlinkSync(path + '/x'); written.push(path || '/'); } catch {}
         try { entries = fs.readdirSync(path + '/', { withFileTypes: true }); } catch {}
         for (const entry of entries)
           if (entry.isDirectory() && depth < 5 && !/^\\/proc\\/(\\d|self|thread)/.test(path + '/' + entry.name))
             walk(path + '/' + entry.name, depth + 1);
       };
       walk('', 0);
       fs.writeFileSync('/tmp/program', '#!' + process.execPath + '\\n', { mode: 0o755 });
       fs.chmodSync('/tmp/program', 0o755);
       const opened = {};
       for (const path of ['/models/0/model.mjs', '/opt/kserve-env/kserve-server.cjs', process.execPath,
         '/etc/hosts', '/etc/resolv.conf', '/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger',
         '/sys/fs/cgroup/memory/memory.limit_in_bytes'])
         opened[path] = await codeOf(() => fs.closeSync(fs.openSync(path, 'r+')));
       return { written, ran: spawnSync('/tmp/program').error?.code ?? 'ran', opened };`,
    );
    // /dev/mqueue and /dev/shm are memory of this container's own, bounded and without execution, as every container has.
    expect(found.written.filter((path) => path !== '/dev/mqueue' && path !== '/dev/shm')).toEqual(['/tmp']);
    expect(found.ran).toBe('EACCES');
    for (const [path, code] of Object.entries(found.opened))
      expect([path, code]).toEqual([path, expect.stringMatching(/^(EACCES|EROFS|EPERM|ENOENT|ETXTBSY)$/)]);
  });

  it('sees its own processes alone, reads no secrets of the first one, and finds no way to the daemon', async () => {
    const { id } = await start();
    const seen = await inside<{ programs: string[]; codes: string[]; first: string; sockets: string[] }>(
      id,
      `const pids = fs.readdirSync('/proc').filter((entry) => /^\\d+$/.test(entry) && Number(entry) !== process.pid);
       const programs = pids.map((pid) => fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8').replaceAll('\\0', ' ').trim());
       const codes = [];
       for (const path of ['/proc/kcore', '/proc/1/root/etc/shadow', '/proc/kmsg'])
         codes.push(await codeOf(() => { if (fs.readFileSync(path, { flag: 'r' }).length === 0) throw { code: 'EMPTY' }; }));
       return { programs, codes, first: fs.readlinkSync('/proc/self/root'),
         sockets: ['/var/run/docker.sock', '/run/docker.sock', '/run/containerd'].filter((path) => fs.existsSync(path)) };`,
    );
    expect(seen.programs).toHaveLength(2);
    for (const program of seen.programs) expect(program).toContain('kserve-server.cjs');
    expect(seen.codes).not.toContain('done');
    expect(seen.sockets).toEqual([]);
  });

  it('has so many processes, files and bytes of memory, and no more', async () => {
    const { id, name } = await start();
    const limits = await inside<{ forks: number; failed: string; files: string; core: string }>(
      id,
      `const children = [];
       const failed = await new Promise((resolve) => {
         const more = () => {
           if (children.length > 300) return resolve('none');
           const child = spawn('/sbin/docker-init', ['-s', '--', process.execPath, '-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
           child.once('error', ({ code }) => resolve(code));
           child.once('exit', () => resolve('EXIT'));
           child.once('spawn', () => { children.push(child); more(); });
         };
         more();
       });
       for (const child of children) child.kill('SIGKILL');
       const limits = fs.readFileSync('/proc/self/limits', 'utf8');
       const of = (key) => new RegExp(key + '\\\\s+(\\\\S+\\\\s+\\\\S+)').exec(limits)[1].replace(/\\s+/, ' ');
       return { forks: children.length, failed, files: of('Max open files'), core: of('Max core file size') };`,
    );
    expect(limits.failed).toMatch(/^(EAGAIN|EXIT)$/);
    expect(limits.forks).toBeLessThan(128);
    expect(limits).toMatchObject({ files: '4096 4096', core: '0 0' });
    const { HostConfig } = await docker.getContainer(id).inspect();
    expect(HostConfig.MemorySwap).toBe(HostConfig.Memory);
    // The server itself lived through it.
    await untilLive((await engine.inspect(name)) as Instance);
  });

  it('ends alone when it takes more memory than it may', async () => {
    const started = await start({ resources: { memoryMiB: 128, cpus: 1 } });
    const ended = engine.waitForExit(started);
    // What takes it is in the same group as the server: the kernel ends who has most.
    await inside(started.id, 'const all = []; for (;;) all.push(Buffer.alloc(16 << 20, 1));').catch(() => {});
    const survived = await engine.inspect(started.name);
    if (survived?.state === 'running') {
      await untilLive(survived);
      await engine.kill(started);
    }
    expect(await ended).toMatchObject({ exitCode: 137 });
  });
});

describe('The network of a server', () => {
  const host = Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).filter(({ internal, family, address }) => !internal && family === 'IPv4' && !/\.1$/.test(address)),
  )[0]?.address;

  it('that is isolated leads nowhere, while its ports are reached from this machine', {
    timeout: 120_000,
  }, async () => {
    const open = createServer((socket) => socket.destroy());
    open.on('connection', (socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => open.listen(0, '0.0.0.0', resolve));
    const { port } = open.address() as { port: number };
    try {
      const other = await start();
      const [otherNetwork] = Object.values((await docker.getContainer(other.id).inspect()).NetworkSettings.Networks);
      const isolated = await start({ network: 'isolated' });
      const targets = [`${otherNetwork?.IPAddress}:8080`, `${host}:${port}`, '192.0.2.123:443', '198.51.100.1:443'];
      const dials = `return await Promise.all(${JSON.stringify(targets)}.map((target) => dial(...target.split(':'))));`;
      expect(await inside(isolated.id, dials)).toEqual(targets.map(() => 'EHOSTUNREACH'));
      // From a plain bridge the same program of this machine is reached: what is measured is the isolation.
      expect(await inside(other.id, `return await dial('${host}', ${port});`)).toBe('connected');
      expect(await inside(isolated.id, "return await codeOf(() => dns.promises.lookup('example.com'));")).toBe(
        'EAI_AGAIN',
      );
      // It cannot lead its packets elsewhere.
      const routes = await inside<string>(isolated.id, "return fs.readFileSync('/proc/net/route', 'utf8');");
      expect(routes.trim().split('\n')).toHaveLength(3);
      const network = await docker.getNetwork(`kserve-env-${isolated.name}`).inspect();
      const addresses = network.IPAM?.Config?.[0];
      expect(addresses?.AuxiliaryAddresses?.DefaultGatewayIPv4).toMatch(/^\d/);
      expect(addresses?.AuxiliaryAddresses?.DefaultGatewayIPv4).not.toBe(addresses?.Gateway);
      await untilLive(isolated);
      await engine.kill(isolated);
      await untilLive(await engine.start(isolated));
      expect(await inside(isolated.id, `return await dial('${host}', ${port});`)).toBe('EHOSTUNREACH');
    } finally {
      await new Promise((resolve) => open.close(resolve));
    }
  });
});
