import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, authority, type TlsFront, tlsFront } from '../tools/tls-front.js';
import { type Sandbox, sandbox } from './run-cli.js';

const portOf = (address: string): number => Number(/:(\d+)$/.exec(address)?.[1]);

describe('a server behind TLS, on the command line', () => {
  let box: Sandbox;
  let good: Authority;
  let fronts: { grpc: TlsFront; rest: TlsFront };
  let flags: string[];

  beforeAll(async () => {
    box = sandbox();
    const { answer } = await box.json(['up']);
    expect(answer.error).toBeNull();
    const { grpc, http } = answer.data.endpoints;
    good = authority('good');
    const certificate = good.sign('server', 'IP:127.0.0.1,DNS:localhost');
    fronts = { grpc: await tlsFront(portOf(grpc), certificate), rest: await tlsFront(portOf(http), certificate) };
    writeFileSync(join(box.directory, 'ca.pem'), readFileSync(good.ca));
    flags = ['--endpoint', `127.0.0.1:${fronts.grpc.port}`, '--tls', '--cacert', 'ca.pem'];
  });
  afterAll(async () => {
    await fronts.grpc[Symbol.asyncDispose]();
    await fronts.rest[Symbol.asyncDispose]();
    good[Symbol.dispose]();
    await box.run(['down']);
    box[Symbol.dispose]();
  });

  it('answers infer, and nothing else is printed', async () => {
    expect(await box.run(['infer', 'simple_scaler', '21', ...flags])).toEqual({
      code: 0,
      stdout: 'scaled_result FP64 [1]: 42\n',
      stderr: '',
    });
    const rest = ['--rest-url', `https://localhost:${fronts.rest.port}`, '--cacert', 'ca.pem'];
    expect(await box.run(['infer', 'simple_scaler', '21', ...rest])).toMatchObject({ code: 0, stderr: '' });
  });

  it('is healthy over both transports, each of which has its lines', async () => {
    const rest = ['--rest', `https://127.0.0.1:${fronts.rest.port}/`];
    const { code, stdout } = await box.run(['health', '-m', 'simple_scaler', ...flags, ...rest]);
    expect({ code, lines: stdout.trimEnd().split('\n') }).toEqual({
      code: 0,
      lines: [
        `✔ 127.0.0.1:${fronts.grpc.port} live`,
        `✔ 127.0.0.1:${fronts.grpc.port} ready`,
        `✔ https://127.0.0.1:${fronts.rest.port} live`,
        `✔ https://127.0.0.1:${fronts.rest.port} ready`,
        '✔ simple_scaler',
      ],
    });
  });

  it('that is not trusted is refused with the flag that helps, by every verb', async () => {
    for (const verb of [['health'], ['infer', 'simple_scaler', '1'], ['smoke']]) {
      const { code, stderr } = await box.run([...verb, '--endpoint', `grpcs://127.0.0.1:${fronts.grpc.port}`]);
      expect(stderr).toMatch(/The certificate of 127\.0\.0\.1:\d+, signed by "good", is not trusted/);
      expect(stderr).toMatch(/→ --cacert FILE/);
      expect(code).toBe(2);
    }
  });

  it('gets the token of the variable, which nobody else sees', async () => {
    const env = { KSERVE_ENV_TOKEN: 's3cret' };
    for (const more of [[], ['--json'], ['--verbose'], ['--grpcurl']]) {
      const { code, stdout, stderr } = await box.run(['infer', 'simple_scaler', '21', ...flags, ...more], { env });
      expect(code).toBe(0);
      expect(stdout + stderr).not.toContain('s3cret');
    }
  });

  it('--rest and --rest-url are one, and not to be given both', async () => {
    const { code, stderr } = await box.run(['health', '--rest', 'http://a', '--rest-url', 'http://b']);
    expect(stderr).toContain("option '--rest <url>' cannot be used with option '--rest-url <url>'");
    expect(code).toBe(2);
  });
});
