import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2, constants } from 'node:http2';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limitsSchema } from '../../../src/models/limits.js';
import type { ServerConfig } from '../../../src/models/server-config.js';
import { listenForSockets } from '../../../src/server/listening.js';
import { type RunningServer, startServer } from '../../../src/server/start-server.js';
import { createLogger, silentLogger } from '../../../src/server/telemetry/logger.js';
import { loadTls } from '../../../src/server/tls/load-tls.js';
import { type Authority, authority, type CertificateFiles } from '../../tools/tls-front.js';
import { buildBundle, runProgram, type ServerBundle, withConfig } from './program-run.js';
import { rawConnection } from './raw-http.js';
import { config, createWireClient } from './serve.js';

const names = 'DNS:localhost,IP:127.0.0.1';
let known: Authority;
let stranger: Authority;
let server: CertificateFiles;
let client: CertificateFiles;
let ofStranger: CertificateFiles;
let bundle: ServerBundle;

beforeAll(async () => {
  known = authority('known');
  stranger = authority('stranger');
  server = known.sign('server', names);
  client = known.sign('client');
  ofStranger = stranger.sign('client');
  bundle = await buildBundle();
});
afterAll(async () => {
  known[Symbol.dispose]();
  stranger[Symbol.dispose]();
  await bundle[Symbol.asyncDispose]();
});

const start = (more: Partial<ServerConfig> = {}): Promise<RunningServer> =>
  startServer({ ...config, tls: { ...server }, ...more });

const readPair = (files: CertificateFiles) => ({ cert: readFileSync(files.cert), key: readFileSync(files.key) });
const trusting = () => ({ ca: readFileSync(known.ca) });

/** Status of a GET of liveness. */
function live(port: number, options: ConnectionOptions = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(
      { host: 'localhost', port, path: '/v2/health/live', agent: false, ...trusting(), ...options },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode));
      },
    );
    call.on('error', reject);
    call.end();
  });
}

function grpcCredentials(files?: CertificateFiles) {
  const ca = readFileSync(known.ca);
  return files ? credentials.createSsl(ca, readPair(files).key, readPair(files).cert) : credentials.createSsl(ca);
}

async function grpcLive(port: number, files?: CertificateFiles) {
  const wire = createWireClient(`localhost:${port}`, { 'grpc.use_local_subchannel_pool': 1 }, grpcCredentials(files));
  try {
    return await wire.call('ServerLive');
  } finally {
    wire.close();
  }
}

/** A TLS connection, once its handshake has succeeded. */
async function shake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, servername: 'localhost', ...trusting(), ...options });
  await once(socket, 'secureConnect');
  return socket;
}

const textOf = async (socket: NodeJS.ReadableStream) => {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks).toString('latin1');
};

describe('a server with a certificate', () => {
  it('speaks TLS on both ports, to whoever trusts its authority', async () => {
    await using running = await start();
    expect(await live(running.httpPort)).toBe(200);
    expect(await grpcLive(running.grpcPort)).toEqual({ live: true });
    await expect(live(running.httpPort, { ca: readFileSync(stranger.ca) })).rejects.toThrow(/certificate|signature/);
  });

  it('speaks TLS from version 1.2 on, and names its protocol on each port', async () => {
    await using running = await start();
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await shake(running.httpPort, { maxVersion, ALPNProtocols: ['h2', 'http/1.1'] });
      expect([socket.getProtocol(), socket.alpnProtocol]).toEqual([maxVersion, 'http/1.1']);
      socket.destroy();
    }
    const socket = await shake(running.grpcPort, { ALPNProtocols: ['h2', 'http/1.1'] });
    expect(socket.alpnProtocol).toBe('h2');
    socket.destroy();
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(shake(running.httpPort, old)).rejects.toThrow(/protocol version|PROTOCOL_VERSION/i);
  });

  it('ends a client of gRPC that does not offer h2, with words where it can be told', async () => {
    await using running = await start();
    await expect(shake(running.grpcPort, { ALPNProtocols: ['http/1.1'] })).rejects.toThrow(/no application protocol/i);
    const socket = await shake(running.grpcPort);
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect(await textOf(socket)).toContain('needs ALPN with h2');
    const http = await shake(running.grpcPort);
    http.write('GET /v2 HTTP/1.1\r\n\r\n');
    expect(await textOf(http)).toMatch(/^HTTP\/1\.1 505 /);
    expect(await grpcLive(running.grpcPort)).toEqual({ live: true });
  });

  it('tells a client that speaks plain text to speak TLS', async () => {
    await using running = await start();
    using connection = await rawConnection(running.httpPort);
    connection.send('GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await connection.answer()).toMatchObject({ status: 400, body: expect.stringContaining('speaks TLS') });
    await connection.closed();
    const session = connectHttp2(`http://127.0.0.1:${running.grpcPort}`);
    session.on('error', () => {});
    const { code, data } = await new Promise<{ code: number; data: Buffer }>((resolve) => {
      session.on('goaway', (code, _, data) => resolve({ code, data: data as Buffer }));
    });
    expect(code).toBe(constants.NGHTTP2_INADEQUATE_SECURITY);
    expect(data.toString()).toContain('by TLS');
    using http = await rawConnection(running.grpcPort);
    http.send('GET / HTTP/1.1\r\n\r\n');
    await http.closed();
  });

  it('serves inferences over many connections, and counts them as without', async () => {
    await using running = await start({ limits: limitsSchema.parse({ maxConnections: 2 }) });
    const sockets = [await shake(running.httpPort), await shake(running.httpPort)];
    const third = connectTls({ host: '127.0.0.1', port: running.httpPort, ...trusting() });
    await expect(once(third, 'secureConnect')).rejects.toThrow();
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => live(running.httpPort).catch(() => 0)).toBe(200);
  });
});

describe('a port that speaks plain text', () => {
  it('tells a client that speaks TLS so', async () => {
    await using running = await startServer(config);
    using connection = await rawConnection(running.httpPort);
    connection.send(Buffer.from('16030100050100000100', 'hex'));
    expect(await connection.answer()).toMatchObject({ status: 400, body: expect.stringContaining('not speak TLS') });
    await expect(live(running.httpPort)).rejects.toThrow(/wrong version number|packet length/i);
    await expect(shake(running.grpcPort)).rejects.toThrow();
  });
});

describe('a handshake', () => {
  const faults = { standing: () => undefined, onChange: () => {} };

  it.each([
    ['nothing', ''],
    ['only its beginning', '1603010200'],
  ])('that has %s in time ends with its connection', async (_, hex) => {
    const listening = await listenForSockets({
      host: '127.0.0.1',
      port: 0,
      transport: 'rest',
      maxConnections: 10,
      allowHalfOpen: true,
      protocol: 'http/1.1',
      needsTls: () => '',
      tls: loadTls({ ...server }),
      faults,
      log: silentLogger,
      silenceMs: 50,
      deliver: () => {},
    });
    const socket = connect(listening.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(Buffer.from(hex, 'hex'));
    socket.resume();
    await once(socket, 'close');
    await listening.close();
  });

  it('that fails is told of at the level debug, and leaves the port as it was', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'debug', write: (line) => lines.push(line) });
    await using running = await startServer({ ...config, tls: { ...server } }, { log });
    const socket = connect(running.httpPort, '127.0.0.1');
    socket.write(Buffer.from('16030100050100000100', 'hex'));
    socket.resume();
    socket.on('error', () => {});
    await once(socket, 'close');
    expect(lines.join('')).toContain('TLS handshake failed');
    expect(await live(running.httpPort)).toBe(200);
  });
});

describe('mutual TLS', () => {
  it('lets in whom its authority knows, and nobody else', async () => {
    await using running = await start({ tls: { ...server, clientCa: known.ca } });
    expect(await live(running.httpPort, readPair(client))).toBe(200);
    expect(await grpcLive(running.grpcPort, client)).toEqual({ live: true });
    for (const files of [undefined, ofStranger]) {
      await expect(live(running.httpPort, files && readPair(files))).rejects.toThrow();
      await expect(grpcLive(running.grpcPort, files)).rejects.toMatchObject({ code: 14 });
    }
    // By TLS 1.2 the handshake itself tells.
    await expect(shake(running.httpPort, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/handshake failure|certificate/i);
  });
});

describe('a start with bad files', () => {
  const write = (name: string, text: string) => {
    const path = join(known.directory, name);
    writeFileSync(path, text);
    return path;
  };

  it.each([
    [
      'no certificate file',
      () => ({ ...server, cert: '/nonexistent/cert.pem' }),
      'tls.cert: /nonexistent/cert.pem cannot be read (ENOENT)',
    ],
    [
      'a certificate that is none',
      () => ({ ...server, cert: write('text.pem', 'secret') }),
      'has no certificate in PEM',
    ],
    [
      'a broken certificate',
      () => ({ ...server, cert: write('b.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----') }),
      'has a certificate that cannot be read',
    ],
    [
      'a key that is none',
      () => ({ ...server, key: write('k.pem', 'secret') }),
      'has no private key in PEM without a password',
    ],
    ['the key of another', () => ({ ...server, key: client.key }), 'is not the key of the certificate'],
    ['authorities that are none', () => ({ ...server, clientCa: write('empty.pem', '') }), 'tls.clientCa:'],
    [
      'a bad certificate for faults',
      () => ({ ...server, expired: { cert: server.cert, key: client.key } }),
      'tls.expired.key:',
    ],
  ])('%s ends with 2 and one clear line, with one worker and with two', async (_, tls, says) => {
    for (const workers of [1, 2]) {
      const { ended } = runProgram(bundle.path, withConfig({ ...config, workers, tls: tls() }));
      const { code, stderr, stdout } = await ended;
      expect({ code, lines: stderr.length, stdout }).toEqual({ code: 2, lines: 1, stdout: [] });
      expect(stderr[0]?.message).toContain(says);
      expect(stderr[0]?.message).not.toContain('secret');
    }
  });
});

describe('several workers', () => {
  it('speak TLS, all of them, and the program finds itself healthy', async () => {
    const env = withConfig({ ...config, workers: 2, tls: { ...server, clientCa: known.ca } });
    const program = runProgram(bundle.path, env);
    const { grpcPort, httpPort } = await program.says('server started');
    for (let call = 0; call < 6; call++) {
      expect(await live(Number(httpPort), readPair(client))).toBe(200);
      expect(await grpcLive(Number(grpcPort), client)).toEqual({ live: true });
    }
    const own = withConfig({ ...config, httpPort, tls: { ...server, clientCa: known.ca } });
    expect(await runProgram(bundle.path, own, ['--healthcheck']).ended).toMatchObject({ code: 0 });
    program.child.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ code: 0 });
  });
});
