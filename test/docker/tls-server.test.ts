import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeDockerBox, type DockerBox, openDockerBox } from './docker-box.js';
import { docker } from './docker-harness.js';
import { inside } from './inside.js';

describe('A container with TLS, certificates of clients and a token', () => {
  let open: DockerBox;
  let id: string;
  let access: { caFile: string; clientCertFile: string; clientKeyFile: string; tokenFile: string };
  let endpoints: { grpc: string; http: string };
  let token: string;

  beforeAll(async () => {
    open = openDockerBox();
    const text = 'engine: docker\ntls: { mode: auto, mtls: true }\nauth: { token: auto }\nserver: { workers: 2 }\n';
    writeFileSync(join(open.box.directory, 'kserve-env.yaml'), text);
    const { answer } = await open.box.json(['up']);
    expect(answer.error).toBeNull();
    ({ access, endpoints } = answer.data);
    token = readFileSync(access.tokenFile, 'utf8');
    id = (await open.box.json(['status'])).answer.data.id;
  });
  afterAll(async () => {
    await closeDockerBox(open);
    expect(existsSync(dirname(access.tokenFile))).toBe(false);
  });

  it('lets every verb in, and is unchanged by the same config', async () => {
    const { box } = open;
    for (const words of ['health', 'infer simple_scaler 21', 'infer simple_scaler 21 --rest', 'status --exit-code'])
      expect(await box.run(words.split(' ')), words).toMatchObject({ code: 0 });
    expect((await box.json(['up'])).answer.data).toMatchObject({ outcome: 'unchanged', access });
  });

  it('lets nobody else in', async () => {
    const status = await new Promise((resolve) => {
      const flags = ['-sS', '--noproxy', '*', '--cacert', access.caFile, '-o', '/dev/null', '-w', '%{http_code}'];
      const own = ['--cert', access.clientCertFile, '--key', access.clientKeyFile];
      execFile('curl', [...flags, ...own, `${endpoints.http}/v2`], (_, stdout) => resolve(stdout));
    });
    expect(status).toBe('401');
  });

  it('is healthy to the daemon, which has no secret', async () => {
    const state = async () => (await docker.getContainer(id).inspect()).State.Health?.Status;
    await expect.poll(state, { timeout: 30_000, interval: 250 }).toBe('healthy');
  });

  it('has each file by itself, to be read only', async () => {
    const { Mounts } = await docker.getContainer(id).inspect();
    expect(Mounts.map(({ Destination, RW }) => ({ Destination, RW })).sort(byDestination)).toEqual(
      ['client-ca', 'expired', 'expired-key', 'server', 'server-key', 'wrong', 'wrong-key']
        .map((name) => `/run/kserve-env/${name}.pem`)
        .concat('/run/kserve-env/token')
        .map((Destination) => ({ Destination, RW: false }))
        .sort(byDestination),
    );
    const files = await inside<string>(id, `return fs.readdirSync('/run/kserve-env').join();`);
    expect(files).not.toMatch(/client-key|owner|trust/);
    const write = `return await codeOf(() => fs.writeFileSync('/run/kserve-env/token', 'mine'));`;
    expect(await inside<string>(id, write)).toMatch(/EROFS|EACCES/);
  });

  it('has its token in that file alone', async () => {
    const container = docker.getContainer(id);
    const told = [JSON.stringify(await container.inspect()), (await open.box.run(['logs'])).stdout];
    const ofProcesses = `return fs.readdirSync('/proc').filter((one) => Number(one) > 0).flatMap((pid) => ['environ', 'cmdline'].map((file) => {
      try { return fs.readFileSync('/proc/' + pid + '/' + file, 'utf8'); } catch { return ''; }
    })).join();`;
    told.push(await inside<string>(id, ofProcesses));
    for (const words of [['status'], ['env'], ['ls'], ['infer', 'nobody', '1']])
      told.push((await open.box.run([...words, '--json'])).stdout);
    const all = told.join('\n');
    expect(all.includes('/run/kserve-env/token')).toBe(true);
    expect(all.includes(token)).toBe(false);
    expect(all.includes('PRIVATE KEY')).toBe(false);
  });

  it('goes with its secrets where somebody removes it by hand', async () => {
    await docker.getContainer(id).remove({ force: true });
    expect(existsSync(access.tokenFile)).toBe(true);
    await open.box.run(['down', '--name', 'another-one']);
    expect(existsSync(access.tokenFile)).toBe(false);
  });
});

function byDestination(one: { Destination: string }, other: { Destination: string }): number {
  return one.Destination.localeCompare(other.Destination);
}
