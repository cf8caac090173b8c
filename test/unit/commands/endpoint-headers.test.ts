import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createHttp2Server, type IncomingHttpHeaders as Http2Headers } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectClients } from '../../../src/commands/clients.js';
import { commandContext } from '../../../src/commands/context.js';
import { serverAddress, type TargetOptions } from '../../../src/commands/find-environment.js';
import { health } from '../../../src/commands/health.js';
import { infer } from '../../../src/commands/infer.js';
import { UsageError } from '../../../src/errors.js';

const token = 's3cret-T0ken';
const directory = mkdtempSync(join(tmpdir(), 'kserve-env-headers-'));
/** What the servers were sent. */
const seen: { rest: IncomingHttpHeaders[]; grpc: Http2Headers[] } = { rest: [], grpc: [] };
/** Both refuse everything, with the words that they were sent. */
const rest = createServer(({ headers }, answer) => {
  seen.rest.push(headers);
  answer.writeHead(401).end(JSON.stringify({ error: `not with ${headers.authorization}` }));
});
const grpc = createHttp2Server().on('stream', (stream, headers) => {
  seen.grpc.push(headers);
  const message = encodeURIComponent(`not with ${headers.authorization}`);
  const status = { 'grpc-status': '16', 'grpc-message': message };
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...status }, { endStream: true });
});
const address = () => ({
  endpoint: `127.0.0.1:${(grpc.address() as AddressInfo).port}`,
  restUrl: `http://127.0.0.1:${(rest.address() as AddressInfo).port}`,
});

beforeAll(async () => {
  for (const server of [rest, grpc]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  rest.close();
  grpc.close();
  rmSync(directory, { recursive: true });
});
afterEach(() => {
  seen.rest = [];
  seen.grpc = [];
});

const context = (env: Record<string, string> = {}) => commandContext({ cwd: directory, env });
const sent = async (options: TargetOptions, env?: Record<string, string>) => {
  await health({ ...address(), ...options }, context(env));
  return { rest: seen.rest[0], grpc: seen.grpc[0] };
};
const refusal = async (options: TargetOptions, env?: Record<string, string>): Promise<UsageError> => {
  const error = await serverAddress({ ...address(), ...options }, context(env)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UsageError);
  return error as UsageError;
};

describe('the token', () => {
  it('goes over both transports, from a flag, a file or the variable', async () => {
    writeFileSync(join(directory, 'token'), `${token}\n`);
    for (const [options, env] of [
      [{ token }, {}],
      [{ tokenFile: 'token' }, {}],
      [{}, { KSERVE_ENV_TOKEN: token }],
      [{ token }, { KSERVE_ENV_TOKEN: 'another' }],
    ] as const) {
      const { rest, grpc } = await sent(options, env);
      expect(rest?.authorization).toBe(`Bearer ${token}`);
      expect(grpc?.authorization).toBe(`Bearer ${token}`);
      seen.rest = [];
      seen.grpc = [];
    }
  });

  it('stands below a header of the same name, where it comes from the variable', async () => {
    const { rest } = await sent({ headers: ['Authorization: Basic eA=='] }, { KSERVE_ENV_TOKEN: token });
    expect(rest?.authorization).toBe('Basic eA==');
    expect((await refusal({ token, headers: ['authorization: x'] })).message).toMatch(/exclude each other/);
  });

  it('is in no answer and no error, even where the server says it', async () => {
    const { data, failure } = await health({ ...address(), token }, context());
    expect(data.reason).toBe('not with Bearer ***');
    expect(failure?.hint).toContain('KSERVE_ENV_TOKEN');
    const whole = [JSON.stringify(data), failure?.message, JSON.stringify(failure?.details)].join();
    for (const transport of [{ endpoint: address().endpoint }, { restUrl: address().restUrl }]) {
      const error = await infer({ ...transport, token, model: 'm', values: ['1'] }, context()).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'SERVER_REFUSED', message: 'UNAUTHENTICATED: not with Bearer ***' });
      for (let cause = error; cause instanceof Error; cause = cause.cause)
        expect(String(cause.stack)).not.toContain(token);
    }
    expect(whole).not.toContain(token);
  });

  it('that cannot be one is refused, and not shown', async () => {
    writeFileSync(join(directory, 'empty'), '\n');
    for (const [options, says] of [
      [{ token: 'two\nlines' }, /^--token: the token has white space/],
      [{ token: `Bearer ${token}` }, /^--token: expected the token alone/],
      [{ token: '' }, /^--token: the token is empty$/],
      [{ tokenFile: 'empty' }, /^--token-file: the token is empty$/],
      [{ tokenFile: 'absent' }, /^--token-file: absent does not exist$/],
      [{ token, tokenFile: 'empty' }, /exclude each other$/],
    ] as [TargetOptions, RegExp][]) {
      const error = await refusal(options);
      expect(error.message).toMatch(says);
      expect(error.message).not.toContain(token);
    }
    expect((await refusal({}, { KSERVE_ENV_TOKEN: 'grüße' })).message).toMatch(/^KSERVE_ENV_TOKEN: /);
  });

  it('in plain text to another machine is warned of, and to this one is not', async () => {
    const warnings = async (options: TargetOptions) => (await serverAddress(options, context())).warnings;
    const secret = { token };
    expect(await warnings({ endpoint: 'models.test:9081', ...secret })).toEqual([
      'The header authorization goes to models.test in plain text: use --tls',
    ]);
    expect(await warnings({ restUrl: 'http://10.0.0.1', headers: ['x-api-key: x'] })).toEqual([
      'The header x-api-key goes to 10.0.0.1 in plain text: use https',
    ]);
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.9.9.9', 'models.localhost']) {
      expect(await warnings({ endpoint: `${host}:9081`, restUrl: `http://${host}:9080`, ...secret })).toEqual([]);
    }
    expect(await warnings({ endpoint: 'grpcs://models.test:9081', restUrl: 'https://models.test', ...secret })).toEqual(
      [],
    );
    expect(await warnings({ endpoint: 'models.test:9081', headers: ['x-tenant: blue'] })).toEqual([]);
  });
});

describe('a header', () => {
  it('goes with every call over both transports', async () => {
    const { rest, grpc } = await sent({ headers: ['X-Tenant:  blue:green ', 'x-empty:'] });
    expect(rest).toMatchObject({ 'x-tenant': 'blue:green', 'x-empty': '' });
    expect(grpc).toMatchObject({ 'x-tenant': 'blue:green', 'x-empty': '' });
  });

  it('of the name Host is the authority over gRPC', async () => {
    const { rest, grpc } = await sent({ headers: ['Host: model.example.test'] });
    expect(rest?.host).toBe('model.example.test');
    expect(grpc).toMatchObject({ ':authority': 'model.example.test' });
    expect(grpc?.host).toBeUndefined();
  });

  it.each([
    { header: 'no-colon-s3cret', says: /^--header: expected 'name: value'$/ },
    { header: ': value', says: /expected 'name: value'/ },
    { header: ':path: /', says: /expected 'name: value'/ },
    { header: 'two words: x', says: /"two words" is no name of a header/ },
    { header: 'grüße: x', says: /is no name of a header/ },
    { header: 'a: two\r\nb: lines', says: /the value of a has characters/ },
    { header: 'a: grüße', says: /the value of a has characters/ },
    { header: 'grpc-timeout: 1S', says: /gRPC keeps grpc- for itself/ },
    { header: 'trace-bin: AA==', says: /trace-bin would be binary metadata/ },
    { header: 'Connection: close', says: /connection is for the connection itself/ },
    { header: 'Content-Length: 5', says: /content-length is for the connection itself/ },
    { header: 'TE: trailers', says: /te is for the connection itself/ },
    { header: 'transfer-encoding: chunked', says: /for the connection itself/ },
    { header: 'content-type: text/plain', says: /for the connection itself/ },
  ])('$header is refused', async ({ header, says }) => {
    const error = await refusal({ headers: [header] });
    expect(error.message).toMatch(says);
    expect(error.message).not.toContain('s3cret');
  });

  it('that is there twice is refused', async () => {
    expect((await refusal({ headers: ['x-a: 1', 'X-A: 2'] })).message).toBe('--header: x-a is there twice');
  });

  it('named as a member that every object has is only a header', async () => {
    const { headers } = await serverAddress({ ...address(), headers: ['constructor: x'] }, context());
    expect(headers).toEqual({ constructor: 'x' });
  });
});

describe('an address', () => {
  it.each([
    { words: { endpoint: 'grpc://h:1' }, is: { grpc: 'h:1' } },
    { words: { endpoint: 'grpcs://h:1/' }, is: { grpc: 'grpcs://h:1' } },
    { words: { endpoint: '[::1]:9081', tls: true }, is: { grpc: 'grpcs://[::1]:9081' } },
    { words: { restUrl: 'https://h/models//' }, is: { http: 'https://h/models' } },
  ])('$words is read', async ({ words, is }) => {
    expect(await serverAddress(words, context())).toMatchObject(is);
  });

  it.each([
    { words: { endpoint: 'https://u:p@h:1' }, says: 'expected host:port', hint: 'use --rest-url https://h:1' },
    { words: { endpoint: 'grpc://h:1', tls: true }, says: 'contradict each other', hint: '--endpoint grpcs://h:1' },
    { words: { endpoint: 'h:1', insecure: true }, says: '--insecure means nothing without TLS', hint: 'add --tls' },
    { words: { restUrl: 'http://h', cacert: 'x' }, says: 'nothing without TLS', hint: 'give an https URL' },
    { words: { restUrl: 'https://h', tls: true }, says: '--tls is for gRPC', hint: 'https://' },
    { words: { restUrl: 'https://u:s3cret@h' }, says: 'has a user or a password', hint: '--rest-url https://h' },
  ])('$words is refused with the flag that helps', async ({ words, says, hint }) => {
    const error = await serverAddress(words, context()).catch((thrown: unknown) => thrown as UsageError);
    expect(error).toMatchObject({ code: 'USAGE', hint: expect.stringContaining(hint) });
    expect((error as UsageError).message).toContain(says);
    expect(JSON.stringify([(error as UsageError).message, (error as UsageError).hint])).not.toContain('s3cret');
  });

  it('of a server in TLS is one for clients, too', async () => {
    await using clients = await connectClients({ grpc: 'grpcs://127.0.0.1:1', http: 'https://127.0.0.1:1' });
    expect(clients.byTransport.grpc?.endpoint).toBe('127.0.0.1:1');
    expect(clients.byTransport.rest?.endpoint).toBe('https://127.0.0.1:1');
  });
});
