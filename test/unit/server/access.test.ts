import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAccess } from '../../../src/server/access.js';
import { createLogger } from '../../../src/server/telemetry/logger.js';
import { callHeaders, callRaw, connectRaw, encodeRequest, frame } from './grpc-clients.js';
import { buildBundle, runProgram, withConfig } from './program-run.js';
import { head, rawConnection } from './raw-http.js';
import { config, post, serve } from './serve.js';

const token = 'canary-5f3a9c';
let directory: string;
let tokenFile: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kea-'));
  tokenFile = join(directory, 'token');
  writeFileSync(tokenFile, ` ${token}\n`);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const bearer = (value = token) => ({ authorization: `Bearer ${value}` });
const message = (method: string, fields = {}) => frame(encodeRequest(method, fields));

async function grpcStatus(
  endpoint: string,
  path: string,
  headers: Record<string, string> = {},
  body = frame(Buffer.alloc(0)),
) {
  const session = await connectRaw(endpoint);
  const { trailers } = await callRaw(session, callHeaders(path, headers), body);
  session.destroy();
  return Number(trailers['grpc-status']);
}

describe('a server with a token', () => {
  const logged = () => {
    const lines: string[] = [];
    return { lines, log: createLogger({ level: 'debug', write: (line) => lines.push(line) }) };
  };

  it.each([
    'ServerReady',
    'ServerMetadata',
    'RepositoryIndex',
    '/grpc.health.v1.Health/Check',
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    '/no.such/Method',
  ])('wants it over gRPC for %s', async (path) => {
    await using running = await serve({}, { tokenFile });
    for (const headers of [
      {},
      bearer('wrong'),
      bearer(`${token}x`),
      { authorization: token },
      { authorization: 'Basic x' },
    ]) {
      expect(await grpcStatus(running.endpoint, path, headers as Record<string, string>)).toBe(16);
    }
    expect(await grpcStatus(running.endpoint, path, bearer())).not.toBe(16);
    expect(await grpcStatus(running.endpoint, path, { authorization: `bearer  ${token}` })).not.toBe(16);
  });

  it.each([
    'GET /v2',
    'GET /v2/health/ready',
    'GET /metrics',
    'GET /nothing',
    'POST /v2/models/identity/infer',
    'PUT /v2',
    'OPTIONS /v2',
    'POST /v2/health/live',
  ])('wants it over REST for %s', async (line) => {
    await using running = await serve({}, { tokenFile });
    const [method = '', path = ''] = line.split(' ');
    const ask = (headers: Record<string, string> = {}) => fetch(running.baseUrl + path, { method, headers });
    for (const headers of [{}, bearer('wrong'), { authorization: `Basic ${token}` }] as Record<string, string>[]) {
      const answer = await ask(headers);
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="kserve-env"']);
      expect(await answer.text()).not.toContain(token);
    }
    expect((await ask(bearer())).status).not.toBe(401);
  });

  it('answers who asks whether it lives without one', async () => {
    await using running = await serve({}, { tokenFile });
    expect((await fetch(`${running.baseUrl}/v2/health/live`)).status).toBe(200);
    expect((await fetch(`${running.baseUrl}/v2/health/live?x=1`)).status).toBe(200);
    expect(await grpcStatus(running.endpoint, 'ServerLive')).toBe(0);
  });

  it('refuses before a body is asked for, and counts what it refuses', async () => {
    await using running = await serve({}, { tokenFile });
    using connection = await rawConnection(running.server.httpPort);
    connection.send(head('POST /v2/models/identity/infer', { expect: '100-continue', 'content-length': 10 }));
    expect(await connection.answer()).toMatchObject({ status: 401, headers: { connection: 'close' } });
    await connection.closed();
    const metrics = await (await fetch(`${running.baseUrl}/metrics`, { headers: bearer() })).text();
    expect(metrics).toMatch(/transport="rest",method="ModelInfer",status="UNAUTHENTICATED"\} 1\n/);
  });

  it('tells the token to nobody: not in logs, answers, metrics', async () => {
    const { lines, log } = logged();
    await using running = await serve({ log }, { tokenFile });
    await grpcStatus(running.endpoint, 'ServerReady', bearer());
    await grpcStatus(running.endpoint, 'ServerReady', bearer(`${token}x`));
    const text = [
      ...(await Promise.all(
        ['/v2', '/metrics', '/nothing', '/v2/models/identity/config'].map(async (path) =>
          (await fetch(running.baseUrl + path, { headers: bearer() })).text(),
        ),
      )),
      ...lines,
    ].join('\n');
    expect(text).not.toContain(token);
  });

  it('takes no empty file, no missing one, and no text of two words', () => {
    const from = (text: string) => {
      writeFileSync(join(directory, 'other'), text);
      return () => createAccess({ ...config, tokenFile: join(directory, 'other') });
    };
    expect(from('')).toThrow('is empty');
    expect(from(' \n')).toThrow('is empty');
    expect(from('a b')).toThrow('without spaces');
    expect(from('ä')).toThrow('printable ASCII');
    expect(() => createAccess({ ...config, tokenFile: join(directory, 'none') })).toThrow('cannot be read (ENOENT)');
  });

  it('starts with no empty token, and finds itself healthy with one, with one worker and with two', async () => {
    await using bundle = await buildBundle();
    const empty = join(directory, 'empty');
    writeFileSync(empty, '\n');
    for (const workers of [1, 2]) {
      const failed = await runProgram(bundle.path, withConfig({ ...config, workers, tokenFile: empty })).ended;
      expect(failed).toMatchObject({ code: 2, stderr: [{ message: expect.stringContaining('is empty') }] });
      const program = runProgram(bundle.path, withConfig({ ...config, workers, tokenFile }));
      const { httpPort } = await program.says('server started');
      const own = withConfig({ ...config, httpPort, tokenFile });
      expect(await runProgram(bundle.path, own, ['--healthcheck']).ended).toMatchObject({ code: 0 });
      program.child.kill('SIGTERM');
      const { stdout, stderr } = await program.ended;
      expect(JSON.stringify([stdout, stderr])).not.toContain(token);
    }
  });
});

describe('a page of a browser', () => {
  const origin = 'http://localhost:3000';
  const infer = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP64', shape: [1], data: [1] }] });

  it('of an origin that is not allowed changes nothing and infers nothing', async () => {
    await using running = await serve();
    for (const other of [origin, 'null', 'https://evil.example', 'http://localhost:3000.evil.example']) {
      for (const path of [
        '/v2/models/identity/infer',
        '/v2/repository/models/identity/unload',
        '/v2/repository/index',
        '/x',
      ]) {
        const answer = await post(running.baseUrl + path, infer, { origin: other });
        expect([path, answer.status]).toEqual([path, 403]);
        expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      }
      const preflight = await fetch(`${running.baseUrl}/v2/models/identity/infer`, {
        method: 'OPTIONS',
        headers: { origin: other, 'access-control-request-method': 'POST' },
      });
      expect(preflight.status).toBe(403);
      expect(await grpcStatus(running.endpoint, 'ServerReady', { origin: other })).toBe(7);
    }
    expect((await fetch(`${running.baseUrl}/v2/models/identity/ready`, { headers: { origin } })).status).toBe(200);
  });

  it('of an allowed origin works, from its preflight on', async () => {
    await using running = await serve({}, { allowedOrigins: [origin], tokenFile });
    const url = `${running.baseUrl}/v2/models/identity/infer`;
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(preflight.status).toBe(200);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': 'authorization,content-type',
      vary: 'Origin',
    });
    const answer = await post(url, infer, { origin, ...bearer() });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    expect(answer.headers.get('content-type')).toBe('application/json');
    // The page may read why it was refused.
    const bodies = { origin, ...bearer(), 'accept-encoding': 'gzip' };
    const large = JSON.stringify({
      inputs: [{ name: 'x', datatype: 'INT32', shape: [2_000], data: Array(2_000).fill(1) }],
    });
    const varied = await fetch(url, { method: 'POST', body: large, headers: bodies });
    expect([varied.headers.get('content-encoding'), varied.headers.get('vary')]).toEqual([
      'gzip',
      'Origin, Accept-Encoding',
    ]);
    await varied.arrayBuffer();
    const refused = await post(url, infer, { origin });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, origin]);
    expect((await post(url, infer, { origin: 'http://localhost:3001', ...bearer() })).status).toBe(403);
    expect(await grpcStatus(running.endpoint, 'ServerReady', { origin, ...bearer() })).toBe(0);
  });
});

describe('a request that changes models', () => {
  it.each([
    ['localhost:8080', true],
    ['127.0.0.1:8080', true],
    ['[::1]:8080', true],
    ['192.168.1.7', true],
    ['server', true],
    ['api.localhost', true],
    ['box.local', true],
    ['x.internal:80', true],
    ['kserve.default.svc', true],
    ['kserve.default.svc.cluster.local:8080', true],
    ['host.docker.internal', true],
    ['ALLOWED.example', true],
    ['evil.example', false],
    ['localhost.evil.example:8080', false],
    ['127.0.0.1.nip.io', false],
    ['evil.example.', false],
  ])('for the host %s is let in: %s', async (host, isOurs) => {
    await using running = await serve({}, { allowedHosts: ['allowed.example'] });
    using connection = await rawConnection(running.server.httpPort);
    for (const [line, status] of [
      ['POST /v2/repository/models/identity/unload', isOurs ? 200 : 403],
      ['GET /v2/models/identity/ready', isOurs ? 503 : 200],
      ['POST /v2/repository/models/identity/load', isOurs ? 200 : 403],
      ['POST /v2/repository/index', 200],
    ] as const) {
      connection.send(`${head(line, { host, 'content-length': 2 })}{}`);
      expect(await connection.answer()).toMatchObject({ status });
    }
    expect(await grpcStatus(running.endpoint, 'ModelReady', {}, message('ModelReady', { name: 'identity' }))).toBe(0);
  });
});
