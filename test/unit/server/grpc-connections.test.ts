import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { limitsSchema } from '../../../src/models/limits.js';
import { type ConnectionsOptions, listenForConnections } from '../../../src/server/grpc/connections.js';
import { startServer } from '../../../src/server/start-server.js';
import { createLogger, silentLogger } from '../../../src/server/telemetry/logger.js';
import { callHeaders, callRaw, connectRaw, createServiceClient, frame } from './grpc-clients.js';
import { config, serve } from './serve.js';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

const opened = (port: number, host = '127.0.0.1') =>
  new Promise<Socket>((resolve, reject) => {
    const socket = connect(port, host);
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });

/** What comes of a connection until it ends. */
const readToEnd = (socket: Socket) =>
  new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });

/** A listener whose accepted connections are kept. */
async function listenInTest(options: Partial<ConnectionsOptions> = {}) {
  const accepted: Socket[] = [];
  let wake = (): void => {};
  const connections = await listenForConnections({
    host: '127.0.0.1',
    port: 0,
    maxConnections: 100,
    log: silentLogger,
    tls: undefined,
    faults: { standing: () => undefined, onChange: () => {} },
    accept: (socket) => {
      accepted.push(socket);
      wake();
    },
    ...options,
  });
  return {
    connections,
    async next(): Promise<Socket> {
      while (accepted.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return accepted.shift() as Socket;
    },
    accepted,
    [Symbol.dispose]: () => connections.cut(),
  };
}

describe('a connection to the gRPC port', () => {
  it.each([
    ['at once', [preface.byteLength]],
    ['byte by byte', Array(preface.byteLength).fill(1)],
    ['in two pieces', [10, 14]],
  ])('is let through when it has said that it speaks HTTP/2, %s, with every byte', async (_, pieces: number[]) => {
    using listener = await listenInTest();
    const socket = await opened(listener.connections.port);
    socket.setNoDelay();
    let at = 0;
    for (const length of pieces) {
      await new Promise((resolve) => socket.write(preface.subarray(at, at + length), resolve));
      await new Promise((resolve) => setImmediate(resolve));
      at += length;
    }
    const accepted = await listener.next();
    expect(accepted.read()).toEqual(preface);
    socket.destroy();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['only the beginning of the preface', preface.subarray(0, 23)],
  ])('that says %s is dropped in time', async (_, bytes) => {
    using listener = await listenInTest({ silenceMs: 50 });
    const socket = await opened(listener.connections.port);
    socket.write(bytes);
    expect(await readToEnd(socket)).toBe('');
    expect(listener.accepted).toEqual([]);
  });

  it('that has begun is left alone, however long it is silent after that', async () => {
    using listener = await listenInTest({ silenceMs: 20 });
    const socket = await opened(listener.connections.port);
    socket.write(preface);
    const accepted = await listener.next();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(accepted.destroyed).toBe(false);
    socket.destroy();
  });

  it.each([
    'GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n',
    'POST / HTTP/1.1\r\n',
    'PRI * HTTP/1.1\r\n\r\n',
    '\u0016\u0003\u0001',
  ])('that says %j is told what this port speaks', async (text) => {
    using listener = await listenInTest();
    const socket = await opened(listener.connections.port);
    socket.write(text);
    const answer = await readToEnd(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 505 /);
    expect(answer).toContain('this port speaks gRPC');
  });

  it('that speaks something else and never ends is cut all the same', async () => {
    using listener = await listenInTest({ silenceMs: 50 });
    const socket = connect({ port: listener.connections.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write('GET / HTTP/1.1\r\n\r\n');
    const timer = setInterval(() => socket.write('more'), 5);
    await readToEnd(socket);
    clearInterval(timer);
  });
});

describe('maxConnections', () => {
  it('lets that many connections be open, closes the next one, and takes one again', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'warn', write: (line) => lines.push(line) });
    const limits = limitsSchema.parse({ maxConnections: 2 });
    await using running = await serve({ log }, { limits });
    const sessions = [await connectRaw(running.endpoint), await connectRaw(running.endpoint)];
    for (const session of sessions) {
      const { trailers } = await callRaw(session, callHeaders('ServerLive'), frame(Buffer.alloc(0)));
      expect(trailers['grpc-status']).toBe('0');
    }
    for (let refused = 0; refused < 3; refused++) {
      const socket = connect(running.server.grpcPort, '127.0.0.1');
      await readToEnd(socket);
    }
    // One line for them all.
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 'warn', maxConnections: 2 }),
    ]);
    const closed = new Promise((resolve) => sessions[0]?.once('close', resolve));
    sessions[0]?.close();
    await closed;
    using client = createServiceClient(running.endpoint, undefined, { 'grpc.initial_reconnect_backoff_ms': 10 });
    expect(await client.unary('ServerLive', {}, { deadline: Date.now() + 10_000 })).toEqual({ live: true });
    sessions[1]?.destroy();
  });
});

describe('listening', () => {
  it.each(['127.0.0.1', '::1', '::', '0.0.0.0', 'localhost'])('works on %s', async (host) => {
    const server = await startServer({ ...config, host });
    const target = { '::': '[::1]', '::1': '[::1]' }[host] ?? (host === 'localhost' ? host : '127.0.0.1');
    using client = createServiceClient(`${target}:${server.grpcPort}`);
    expect(await client.unary('ServerLive')).toEqual({ live: true });
    await server.close();
  });

  it("says the system's own words where the port is taken", async () => {
    using listener = await listenInTest();
    await expect(listenInTest({ port: listener.connections.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
