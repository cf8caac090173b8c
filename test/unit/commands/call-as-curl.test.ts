import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commandContext } from '../../../src/commands/context.js';
import { type InferOptions, infer } from '../../../src/commands/infer.js';
import { inferCommandLine } from '../../../src/commands/infer-command-line.js';
import { authority, tlsFront } from '../../tools/tls-front.js';
import { type Served, serveDefaults } from './served.js';

/** A request as a server sees it. */
interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

const directory = mkdtempSync(join(tmpdir(), 'kserve-env-curl-'));
let served: Served;
/** The inferences that came by, of which nothing is changed. */
let seen: Seen[] = [];
let port: number;
const recorder = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    const { method, url, headers } = incoming;
    const body = Buffer.concat(chunks);
    if (method === 'POST') seen.push({ method, url, headers, body });
    const onward = httpRequest({ port: served.httpPort, host: '127.0.0.1', method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(outgoing);
    });
    onward.end(body);
  });
});

beforeAll(async () => {
  served = await serveDefaults();
  await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve));
  port = (recorder.address() as AddressInfo).port;
});
afterAll(async () => {
  recorder.closeAllConnections();
  recorder.close();
  await served[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  seen = [];
});

const inShell = (command: string, env: Record<string, string> = {}) =>
  new Promise<Buffer>((resolve, reject) => {
    const options = {
      cwd: directory,
      env: { PATH: process.env.PATH, ...env },
      encoding: 'buffer',
      maxBuffer: 1e8,
    } as const;
    // A script, as an argument has an end.
    writeFileSync(join(directory, 'command.sh'), command);
    execFile('sh', ['command.sh'], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command.slice(0, 2000)}\n${stderr}`));
      else resolve(stdout);
    });
  });
const context = (env: Record<string, string> = {}) => commandContext({ cwd: directory, env });
const curl = (options: InferOptions, env?: Record<string, string>) =>
  inferCommandLine({ restUrl: `http://127.0.0.1:${port}`, ...options, tool: 'curl' }, context(env));

/** What is the call's own of a request. */
const own = (
  { method, url, headers, body }: Seen | undefined = { method: '', url: '', headers: {}, body: Buffer.of() },
) => {
  const { 'user-agent': _, accept: __, connection: ___, ...rest } = headers;
  return { method, url, headers: rest, body: body.toString('latin1') };
};

describe('the command of curl', () => {
  it.each<{ what: string; options: InferOptions }>([
    { what: 'numbers', options: { model: 'simple_scaler', values: ['1', '-2.5', '-0', '0.1'] } },
    { what: 'int64 beyond 2^53', options: { model: 'identity', values: ['9007199254740993'], datatype: 'INT64' } },
    {
      what: 'texts with all that a shell takes for its own',
      options: {
        model: 'identity',
        values: ["it's", '$HOME `id` "x" \\ *', 'a\nb', '!', '@', 'grüße 😀'],
        datatype: 'BYTES',
      },
    },
    { what: 'several inputs', options: { model: 'simple_sum', tensors: ['input_a=1,2', 'input_b=10,20'] } },
    {
      what: 'parameters, a version and headers',
      options: {
        model: 'simple_scaler',
        values: ['1'],
        parameters: ['scale_factor=3', "note=it's"],
        modelVersion: '1',
        headers: ["x-tenant: it's $blue", 'x-empty:', 'host: models.example.test'],
      },
    },
    { what: 'bytes', options: { model: 'identity', values: ['nan', '-inf', '1'], raw: true } },
    { what: 'bytes of texts', options: { model: 'identity', values: ["it's", ''], datatype: 'BYTES', raw: true } },
    {
      what: 'more than an argument may be long',
      options: { model: 'identity', values: Array.from({ length: 50_000 }, (_, index) => String(index / 7)) },
    },
    { what: 'more bytes than that', options: { model: 'identity', values: Array(50_000).fill('1'), raw: true } },
  ])('sends $what as infer does, byte for byte, and gets the same answer', async ({ options }) => {
    const { data } = await curl(options);
    expect(seen).toEqual([]);
    const answer = await inShell(data.command);
    const address = { restUrl: `http://127.0.0.1:${port}` };
    const { data: report } = await infer({ ...address, ...options, rest: true }, context());
    expect(seen).toHaveLength(2);
    expect(own(seen[0])).toEqual(own(seen[1]));
    if (options.raw) expect(answer.toString('latin1')).toContain('binary_data_size');
    else expect(JSON.parse(answer.toString('utf8')).outputs[0].shape).toEqual(report.outputs[0]?.shape);
  });

  it('asks for a path that has dots or brackets in it as infer does', async () => {
    for (const model of ['..', 'a[1]{2}']) {
      const body = '{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":[1]}]}';
      writeFileSync(join(directory, 'body.json'), body);
      const { data } = await curl({ model, input: 'body.json' });
      await inShell(data.command);
      await infer({ restUrl: `http://127.0.0.1:${port}`, model, input: 'body.json' }, context()).catch(() => {});
      expect(own(seen.at(-2))).toEqual(own(seen.at(-1)));
    }
  });

  it('has the token in no form, and reads it from its variable', async () => {
    const token = 's3cret';
    writeFileSync(join(directory, 'token'), `${token}\n`);
    for (const given of [{ token }, { tokenFile: 'token' }, { headers: [`authorization: Bearer ${token}`] }]) {
      const { data, warnings } = await curl({ model: 'simple_scaler', values: ['1'], ...given });
      expect(JSON.stringify({ data, warnings })).not.toContain(token);
      expect(warnings).toEqual(['The command reads the token from $KSERVE_ENV_TOKEN: export it first']);
      await inShell(data.command, { KSERVE_ENV_TOKEN: token });
      expect(seen.at(-1)?.headers.authorization).toBe(`Bearer ${token}`);
    }
    const { warnings } = await curl({ model: 'simple_scaler', values: ['1'] }, { KSERVE_ENV_TOKEN: token });
    expect(warnings).toEqual([]);
  });

  it('has no other way in, either', async () => {
    const headers = ['authorization: Basic dTpw'];
    const { data, warnings } = await curl({ model: 'simple_scaler', values: ['1'], headers });
    expect(JSON.stringify({ data, warnings })).not.toContain('dTpw');
    await inShell(data.command, { AUTHORIZATION: 'Basic dTpw' });
    expect(seen.at(-1)?.headers.authorization).toBe('Basic dTpw');
  });

  it('speaks TLS as infer does, with names of files that need quotes', async () => {
    using good = authority('good');
    const files = good.sign('server', 'DNS:models.test');
    await using front = await tlsFront(port, files, { clientCa: good.ca, ALPNProtocols: ['http/1.1'] });
    for (const [name, from] of [
      ['the ca.pem', good.ca],
      ["my'cert.pem", files.cert],
      ['key.pem', files.key],
    ] as const) {
      writeFileSync(join(directory, name), readFileSync(from));
    }
    const tls = { cacert: 'the ca.pem', cert: "my'cert.pem", key: 'key.pem', serverName: 'models.test' };
    const { data } = await curl({
      restUrl: `https://127.0.0.1:${front.port}/`,
      ...tls,
      model: 'simple_scaler',
      values: ['21'],
    });
    expect(JSON.parse((await inShell(data.command)).toString())).toMatchObject({ outputs: [{ data: [42] }] });
    const insecure = { insecure: true, cert: "my'cert.pem", key: 'key.pem' };
    const other = await curl({
      restUrl: `https://127.0.0.1:${front.port}`,
      ...insecure,
      model: 'simple_scaler',
      values: ['21'],
    });
    expect(JSON.parse((await inShell(other.data.command)).toString())).toMatchObject({ outputs: [{ data: [42] }] });
  });

  it('says that JSON cannot carry NaN, and what can', async () => {
    await expect(curl({ model: 'simple_scaler', values: ['nan'] })).rejects.toMatchObject({
      code: 'USAGE',
      hint: 'send bytes, with --raw',
    });
  });

  it('needs an endpoint of REST', async () => {
    const { endpoint } = served;
    const options = { endpoint, model: 'simple_scaler', values: ['1'] };
    await expect(inferCommandLine({ ...options, tool: 'curl' }, context())).rejects.toMatchObject({
      hint: 'give one with --rest-url',
    });
  });

  it('goes by no proxy, as infer does not', async () => {
    const { data } = await curl({ model: 'simple_scaler', values: ['1'] }, { http_proxy: 'http://127.0.0.1:1' });
    await inShell(data.command, { http_proxy: 'http://127.0.0.1:1' });
    expect(seen).toHaveLength(1);
  });
});
