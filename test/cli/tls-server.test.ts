import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { authority } from '../tools/tls-front.js';
import { dataOf } from './json-schemas.js';
import { leftBehind } from './oracle.js';
import { type Sandbox, sandbox } from './run-cli.js';

const configure = (box: Sandbox, text: string) => writeFileSync(join(box.directory, 'kserve-env.yaml'), text);
const portOf = (address: string): string => /:(\d+)$/.exec(address)?.[1] ?? '';

/** What a command prints, whatever its exit code. */
function output(file: string, args: string[], env: Record<string, string>): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, text: stdout + stderr });
    });
    child.stdin?.end();
  });
}

describe('an environment with TLS, certificates of clients and a token', () => {
  let box: Sandbox;
  let endpoints: { grpc: string; http: string };
  let access: { caFile: string; clientCertFile: string; clientKeyFile: string; tokenFile: string };
  let token: string;

  beforeAll(async () => {
    box = sandbox();
    configure(box, 'name: secret\ntls: { mode: auto, mtls: true }\nauth: { token: auto }\n');
    const { answer } = await box.json(['up']);
    expect(answer.error).toBeNull();
    dataOf.up.parse(answer.data);
    ({ endpoints, access } = answer.data);
    token = readFileSync(access.tokenFile, 'utf8');
  });
  afterAll(async () => {
    const { code } = await box.run(['down']);
    expect({ code, left: leftBehind(box) }).toEqual({ code: 0, left: [] });
    box[Symbol.dispose]();
  });

  const curl = (...args: string[]) =>
    output('curl', ['-sS', '--noproxy', '*', '--cacert', access.caFile, ...args], { PATH: box.env.PATH ?? '' });
  const own = () => ['--cert', access.clientCertFile, '--key', access.clientKeyFile];
  const bearer = () => ['-H', `authorization: Bearer ${token}`];

  it('says so, and where the files are', async () => {
    expect(endpoints.grpc).toMatch(/^grpcs:\/\/127\.0\.0\.1:\d+$/);
    expect(endpoints.http).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    for (const path of Object.values(access)) expect(existsSync(path), path).toBe(true);
    const { answer } = await box.json(['status']);
    dataOf.status.parse(answer.data);
    expect(answer.data).toMatchObject({ endpoints, access, drift: [], health: { live: true, ready: true } });
    const { stdout } = await box.run(['status']);
    expect(stdout).toContain(endpoints.http);
    expect(stdout).toContain(access.caFile);
    expect((await box.json(['ls'])).answer.data.environments).toMatchObject([{ endpoints }]);
  });

  it.each([
    'health',
    'infer simple_scaler 21',
    'infer simple_scaler 21 --rest',
    'smoke --suite health',
    'matrix --suite health',
    'status --exit-code',
    'fault list',
  ])('lets %s in by itself', async (words) => {
    expect(await box.run(words.split(' '))).toMatchObject({ code: 0 });
  });

  it('is unchanged by the same config', async () => {
    const { answer } = await box.json(['up']);
    expect(answer.data).toMatchObject({ outcome: 'unchanged', endpoints, access });
  });

  it('is checked by smoke as any other', async () => {
    const { answer } = await box.json(['up', '--smoke']);
    expect(answer.data.smoke.summary).toMatchObject({ failed: 0 });
  });

  it('prints commands for curl that work, and have no secret', async () => {
    const { code, stdout, stderr } = await box.run(['infer', '--curl', 'simple_scaler', '21']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain(token);
    const { text } = await output('sh', ['-c', stdout], { PATH: box.env.PATH ?? '' });
    expect(JSON.parse(text)).toMatchObject({ outputs: [{ data: [42] }] });
    const grpcurl = (await box.run(['infer', '--grpcurl', 'simple_scaler', '21'])).stdout;
    expect(grpcurl).toContain(`-cacert ${access.caFile} -cert ${access.clientCertFile}`);
    expect(grpcurl).toContain(`"authorization: Bearer $(cat ${access.tokenFile})"`);
    expect(grpcurl).not.toContain(token);
  });

  it('lets curl in with all three, and with nothing less', async () => {
    const url = `${endpoints.http}/v2`;
    expect((await curl(...own(), ...bearer(), url)).text).toContain('"name":"kserve-env"');
    expect((await curl(...own(), '-o', '/dev/null', '-w', '%{http_code}', url)).text).toBe('401');
    expect(await curl(...bearer(), url)).toMatchObject({ code: 56 });
    const stranger = ['-sS', '--cacert', access.clientCertFile, ...own(), ...bearer(), url];
    expect(await output('curl', stranger, { PATH: box.env.PATH ?? '' })).toMatchObject({ code: 60 });
  });

  it('shows a certificate that openssl takes, over both ports', async () => {
    for (const address of Object.values(endpoints)) {
      const { text } = await output(
        'openssl',
        ['s_client', '-connect', `127.0.0.1:${portOf(address)}`, '-CAfile', access.caFile, '-alpn', 'h2,http/1.1']
          .concat(['-cert', access.clientCertFile, '-key', access.clientKeyFile, '-verify_return_error'])
          .concat(['-verify_ip', '127.0.0.1']),
        { PATH: box.env.PATH ?? '' },
      );
      expect(text).toContain('Verify return code: 0 (ok)');
      expect(text).toContain(`ALPN protocol: ${address.startsWith('grpcs') ? 'h2' : 'http/1.1'}`);
    }
  });

  it('tells verbs that do not trust it, or are not trusted, what is missing', async () => {
    const place = ['--endpoint', endpoints.grpc];
    const { answer: untrusted } = await box.json(['health', ...place]);
    expect(untrusted.error?.code).toBe('TLS_FAILED');
    const { answer: unknown } = await box.json(['infer', 'simple_scaler', '1', ...place, '--cacert', access.caFile]);
    expect(unknown.error?.code).toBe('TLS_FAILED');
    const flags = [...place, '--cacert', access.caFile, ...own()];
    const { answer: silent } = await box.json(['infer', 'simple_scaler', '1', ...flags]);
    expect(silent.error).toMatchObject({ code: 'SERVER_REFUSED', details: { status: 'UNAUTHENTICATED' } });
    const wrong = await box.json(['infer', 'simple_scaler', '1', '--token', 'wrong']);
    expect(wrong.answer.error).toMatchObject({ details: { status: 'UNAUTHENTICATED' } });
  });

  it('gives a shell variables with which programs get in, and takes them away', async () => {
    const script = [
      'eval "$(node "$CLI" env)"',
      'curl -sS --noproxy "*" --cert "$KSERVE_CLIENT_CERT_FILE" --key "$KSERVE_CLIENT_KEY_FILE" -H "authorization: Bearer $(cat "$KSERVE_TOKEN_FILE")" "$KSERVE_HTTP_URL/v2/health/ready" -o /dev/null -w "%{http_code} "',
      'eval "$(node "$CLI" env --unset)"',
      'env | grep -c "KSERVE_[^E]\\|SSL_CERT_FILE\\|SSL_ROOTS\\|NODE_EXTRA"',
    ].join('\n');
    const CLI = join(import.meta.dirname, '../../bin/kserve-env.js');
    const env = { ...box.env, CLI, KSERVE_ENV_NAME: 'secret' };
    expect((await output('sh', ['-c', script], env)).text).toBe('200 0\n');
  });

  it('keeps its token out of everything but the file', async () => {
    const told: string[] = [];
    const verbs = [
      ['up'],
      ['up', '--dry-run', '--tls', 'off'],
      ['status'],
      ['env'],
      ['ls'],
      ['health'],
      ['fault', 'list'],
    ];
    for (const args of [
      ...verbs,
      ['infer', 'nobody', '1'],
      ['infer', '--curl', 'simple_scaler', '1'],
      ['down', '--dry-run'],
    ]) {
      const { stdout, stderr } = await box.run([...args, '--json', '--verbose']);
      told.push(stdout, stderr);
    }
    told.push(
      (await box.run(['logs'])).stdout,
      (await curl(...own(), '-H', 'authorization: Bearer x', endpoints.http)).text,
    );
    told.push((await curl(...own(), ...bearer(), `${endpoints.http}/metrics`)).text);
    const state = join(box.directory, 'state');
    for (const entry of readdirSync(state, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && !path.includes('/.secrets/')) told.push(readFileSync(path, 'utf8'));
    }
    for (const pid of process.platform === 'linux' ? readdirSync('/proc').filter((one) => /^\d+$/.test(one)) : []) {
      for (const file of ['cmdline', 'environ']) {
        try {
          told.push(readFileSync(`/proc/${pid}/${file}`, 'utf8'));
        } catch {
          // Gone meanwhile, or nobody's to read.
        }
      }
    }
    const all = told.join('\n');
    // What was looked through has the path, and so is what it should be.
    expect(all.includes(access.tokenFile)).toBe(true);
    expect(all.includes(token)).toBe(false);
    expect(all.includes('PRIVATE KEY')).toBe(false);
  });

  it('is made anew with other secrets where something else is wanted, and the old ones go', async () => {
    configure(box, 'name: secret\ntls: { mode: auto, mtls: true, names: [models.test] }\nauth: { token: auto }\n');
    expect((await box.json(['status'])).answer.data.drift).toContain('access.tls.names.0: none → "models.test"');
    const before = access;
    const { answer } = await box.json(['up']);
    expect(answer.data.outcome).toBe('recreate');
    ({ endpoints, access } = answer.data);
    token = readFileSync(access.tokenFile, 'utf8');
    expect(existsSync(before.tokenFile)).toBe(false);
    const at = ['--resolve', `models.test:${portOf(endpoints.http)}:127.0.0.1`, ...own(), ...bearer()];
    const { text } = await curl(...at, `https://models.test:${portOf(endpoints.http)}/v2`);
    expect(text).toContain('"name":"kserve-env"');
  });

  it('says so where somebody took the files away, and is made anew', async () => {
    rmSync(join(access.caFile, '..'), { recursive: true });
    const { answer } = await box.json(['infer', 'simple_scaler', '1']);
    expect(answer.error).toMatchObject({ code: 'ACCESS_GONE', hint: 'kserve-env up makes it anew' });
    const { answer: told } = await box.json(['status']);
    expect(told).toMatchObject({ data: { state: 'running' }, warnings: [expect.stringContaining('is gone')] });
    expect((await box.json(['up'])).answer.data.outcome).toBe('recreate');
    expect(await box.run(['health'])).toMatchObject({ code: 0 });
  });
});

describe('secrets on this machine', () => {
  let box: Sandbox;
  afterEach(async () => {
    await box.run(['down', '--all']);
    expect(leftBehind(box)).toEqual([]);
    box[Symbol.dispose]();
  });

  it("may be somebody's own, for a server of another name", async () => {
    box = sandbox();
    using good = authority('good');
    const { cert, key } = good.sign('server', 'DNS:models.test');
    copyFileSync(cert, join(box.directory, 'server.pem'));
    copyFileSync(key, join(box.directory, 'key.pem'));
    copyFileSync(good.ca, join(box.directory, 'ca.pem'));
    const token = randomBytes(16).toString('hex');
    writeFileSync(join(box.directory, 'token'), `${token}\n`, { mode: 0o600 });
    configure(box, 'tls: { cert: server.pem, key: key.pem, ca: ca.pem }\nauth: { tokenFile: token }\n');
    const { answer } = await box.json(['up']);
    expect(answer).toMatchObject({ error: null, data: { access: { serverName: 'models.test' } } });
    expect(await box.run(['infer', 'simple_scaler', '21'])).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await box.run(['infer', '--curl', 'simple_scaler', '21']);
    const { text } = await output('sh', ['-c', stdout], { PATH: box.env.PATH ?? '' });
    expect(text).toContain('42');
    expect((await box.json(['up'])).answer.data.outcome).toBe('unchanged');
    writeFileSync(join(box.directory, 'token'), 'another-one');
    expect((await box.json(['up'])).answer.data.outcome).toBe('recreate');
    expect(await box.run(['health'])).toMatchObject({ code: 0 });
  });

  it('go with the next command where an up was killed, at whatever moment', async () => {
    box = sandbox();
    configure(box, 'tls: auto\nauth: { token: auto }\n');
    for (const text of ['Preflight', 'Image', 'Create', 'Start', 'Server live']) {
      const up = box.start(['up', '--progress', 'plain']);
      await up.sees(text);
      up.child.kill('SIGKILL');
      await up.done;
      expect(await box.run(['down', '--name', 'another-one'])).toMatchObject({ code: 0 });
      await box.run(['down']);
      expect(leftBehind(box), text).toEqual([]);
    }
  });

  it('go with the next command where an environment was taken away by hand', async () => {
    box = sandbox();
    const { answer } = await box.json(['up', '--tls', 'auto', '--name', 'mine']);
    const { caFile } = answer.data.access;
    for (const pid of readdirSync('/proc').filter((one) => /^\d+$/.test(one) && isServerOf(box, one)))
      process.kill(Number(pid), 'SIGKILL');
    rmSync(join(box.directory, 'state', 'mine'), { recursive: true });
    expect(existsSync(caFile)).toBe(true);
    await box.run(['down', '--name', 'other']);
    expect(existsSync(caFile)).toBe(false);
  });

  it('are there for a server in the foreground, and go with it', async () => {
    box = sandbox();
    configure(box, 'tls: auto\nauth: { token: auto }\n');
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const serve = box.start(['serve', '--json']);
      let text = '';
      serve.child.stdout?.on('data', (chunk: string) => {
        text += chunk;
      });
      await serve.sees('"event":"listening"');
      const line = text.split('\n').find((one) => one.includes('"listening"')) ?? '';
      const { endpoints, access } = JSON.parse(line);
      expect(statSync(join(access.caFile, '..')).mode & 0o777).toBe(0o700);
      const flags = ['--cacert', access.caFile, '--token-file', access.tokenFile];
      expect(
        await box.run(['health', '--endpoint', endpoints.grpc, '--rest-url', endpoints.http, ...flags]),
      ).toMatchObject({ code: 0 });
      serve.child.kill(signal);
      await serve.done;
      await box.run(['down']);
      expect(existsSync(access.caFile), signal).toBe(false);
    }
  });

  it('do not stand in the config: a token there is refused, and not shown', async () => {
    box = sandbox();
    configure(box, 'auth:\n  token: kanarie\n');
    const { code, stderr } = await box.run(['up']);
    expect(code).toBe(2);
    expect(stderr).toContain('kserve-env.yaml:2');
    expect(stderr).toContain('tokenFile');
    expect(stderr).not.toContain('kanarie');
  });
});

function isServerOf({ directory }: Sandbox, pid: string): boolean {
  try {
    return (
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('kserve-server') &&
      readFileSync(`/proc/${pid}/environ`, 'utf8').includes(directory)
    );
  } catch {
    return false;
  }
}
