import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FaultInput, faultSchema } from '../../../../src/faults/fault.js';
import type { ServerConfig } from '../../../../src/models/server-config.js';
import { startServer } from '../../../../src/server/start-server.js';
import { type Logger, silentLogger } from '../../../../src/server/telemetry/logger.js';
import { type Authority, authority, type CertificateFiles } from '../../../tools/tls-front.js';
import { callHeaders, callRaw, connectRaw, encodeRequest, frame } from '../grpc-clients.js';
import { head, rawConnection } from '../raw-http.js';
import { config, createWireClient } from '../serve.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startWithFaults(more: Partial<ServerConfig> = {}, log: Logger = silentLogger) {
  const server = await startServer({ ...config, ...more }, { log });
  cleanups.push(() => server.close(0));
  const { faults } = server;
  if (!faults) throw new Error('the server keeps no faults');
  return {
    server,
    add: (...inputs: FaultInput[]) => faults.add(inputs.map((input) => faultSchema.parse(input))),
    clear: (ids?: string[]) => faults.clear(ids),
    ports: { grpc: server.grpcPort, rest: server.httpPort },
  };
}

/** A connection, and how it ended: with an error's code, or in good order. */
function dial(port: number) {
  const socket = connect(port, '127.0.0.1');
  cleanups.push(() => void socket.destroy());
  const ended = new Promise<string>((resolve) => {
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'error'));
    socket.on('close', () => resolve('closed'));
  });
  return { socket, ended, opened: Promise.race([once(socket, 'connect').then(() => 'open'), ended]) };
}

const live = async (port: number): Promise<number> => {
  using connection = await rawConnection(port);
  connection.send(head('GET /v2/health/live'));
  return (await connection.answer()).status;
};

async function grpcLive(port: number) {
  const wire = createWireClient(`127.0.0.1:${port}`, { 'grpc.use_local_subchannel_pool': 1 });
  try {
    return await wire.call('ServerLive');
  } finally {
    wire.close();
  }
}

/** Settles with false when nothing comes of `event` while a round trip on another connection takes place twice. */
const staysSilent = async (socket: Socket, meanwhile: () => Promise<unknown>) => {
  let heard = false;
  const hear = () => {
    heard = true;
  };
  socket.on('data', hear);
  socket.on('close', hear);
  await meanwhile();
  await meanwhile();
  socket.off('data', hear);
  socket.off('close', hear);
  return !heard;
};

describe('refuse', () => {
  it('closes both ports, cuts what is open by a reset, and has them back when it is cleared', async () => {
    const { ports, add, clear } = await startWithFaults();
    const open = [await rawConnection(ports.rest), await rawConnection(ports.grpc)];
    open[0]?.send(head('GET /v2/health/live'));
    await open[0]?.answer();
    const ends = open.map(({ socket }) => once(socket, 'error').catch((error) => [error]));
    await add({ kind: 'refuse' });
    for (const [error] of await Promise.all(ends)) expect(error).toMatchObject({ code: 'ECONNRESET' });
    for (const port of Object.values(ports)) expect(await dial(port).opened).toBe('ECONNREFUSED');
    await clear();
    expect(await live(ports.rest)).toBe(200);
    expect(await grpcLive(ports.grpc)).toEqual({ live: true });
  });

  it('leaves one transport and, where it is told so, open connections alone', async () => {
    const { ports, add, clear } = await startWithFaults();
    using kept = await rawConnection(ports.rest);
    const ask = async () => {
      kept.send(head('GET /v2/health/live'));
      return (await kept.answer()).status;
    };
    expect(await ask()).toBe(200);
    await add({ kind: 'refuse', transport: 'rest', cut: false });
    expect(await dial(ports.rest).opened).toBe('ECONNREFUSED');
    expect(await ask()).toBe(200);
    expect(await grpcLive(ports.grpc)).toEqual({ live: true });
    await clear();
    expect(await live(ports.rest)).toBe(200);
    expect(await ask()).toBe(200);
  });

  it('from the start on has a port all the same, and ends by itself', async () => {
    const { ports, add, clear } = await startWithFaults({ faults: [faultSchema.parse({ kind: 'refuse' })] });
    expect(Object.values(ports).every((port) => port > 0)).toBe(true);
    expect(await dial(ports.grpc).opened).toBe('ECONNREFUSED');
    await clear();
    expect(await dial(ports.grpc).opened).toBe('open');
    await add({ kind: 'refuse', for: '100ms' });
    expect(await dial(ports.grpc).opened).toBe('ECONNREFUSED');
    await expect.poll(() => live(ports.rest).catch(() => 0)).toBe(200);
  });

  it('comes and goes a hundred times', async () => {
    const { ports, add, clear } = await startWithFaults();
    for (let round = 0; round < 100; round++) {
      const [status] = await add({ kind: 'refuse' });
      expect(await dial(ports.rest).opened).toBe('ECONNREFUSED');
      await clear([status?.id ?? '']);
      expect(await dial(ports.rest).opened).toBe('open');
    }
    expect(await live(ports.rest)).toBe(200);
  });

  it('waits for its port where somebody else has taken it', async () => {
    const warnings: string[] = [];
    const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const { ports, add, clear } = await startWithFaults({}, log);
    await add({ kind: 'refuse', transport: 'rest' });
    const squatter = createServer((socket) => socket.destroy());
    squatter.listen(ports.rest, '127.0.0.1');
    await once(squatter, 'listening');
    await clear();
    expect(warnings).toEqual([expect.stringContaining('port not listened on')]);
    squatter.close();
    await expect.poll(() => live(ports.rest).catch(() => 0)).toBe(200);
  });

  it('is over when the server ends', async () => {
    const { server, add, ports } = await startWithFaults();
    await add({ kind: 'refuse' });
    await server.close(0);
    expect(await dial(ports.rest).opened).toBe('ECONNREFUSED');
  });
});

describe('unresponsive', () => {
  it('accepts connections and is silent on them until it is over; those of before go on', async () => {
    const { ports, add, clear } = await startWithFaults();
    using before = await rawConnection(ports.rest);
    const ask = async () => {
      before.send(head('GET /v2/health/live'));
      return (await before.answer()).status;
    };
    expect(await ask()).toBe(200);
    await add({ kind: 'unresponsive' });
    const held = Object.values(ports).map((port) => dial(port));
    for (const { socket, opened } of held) {
      expect(await opened).toBe('open');
      socket.write(head('GET /v2/health/live'));
      expect(await staysSilent(socket, ask)).toBe(true);
    }
    await clear();
    for (const { socket, ended } of held) {
      socket.resume();
      expect(await ended).toMatch(/closed|ECONNRESET/);
    }
    expect(await live(ports.rest)).toBe(200);
    expect(await grpcLive(ports.grpc)).toEqual({ live: true });
  });

  it('lets go of connections whose clients give up, so that the limit is not reached', async () => {
    const limits = { ...config.limits, maxConnections: 2 };
    const { ports, add } = await startWithFaults({ limits });
    await add({ kind: 'unresponsive' });
    for (let round = 0; round < 10; round++) {
      await expect
        .poll(async () => {
          const { socket, opened } = dial(ports.rest);
          await opened;
          socket.write('GET /v2');
          const isHeld = await staysSilent(socket, () => new Promise((resolve) => setTimeout(resolve, 5)));
          socket.destroy();
          return isHeld;
        })
        .toBe(true);
    }
  });

  it('takes no more than a kernel would', async () => {
    const { ports, add } = await startWithFaults();
    await add({ kind: 'unresponsive' });
    const { socket, opened } = dial(ports.rest);
    await opened;
    // Nobody reads: what does not fit into the buffers of two kernels stays with the client.
    socket.write(Buffer.alloc(64 * 1024 * 1024));
    await staysSilent(socket, () => new Promise((resolve) => setTimeout(resolve, 100)));
    expect(socket.writableLength).toBeGreaterThan(32 * 1024 * 1024);
  });
});

describe('bandwidth', () => {
  const body = (bytes: number) => JSON.stringify({ inputs: [], pad: 'x'.repeat(bytes) });

  /** Milliseconds that a request with a body of so many bytes takes. */
  async function timeOf(port: number, bytes: number): Promise<number> {
    using connection = await rawConnection(port);
    const text = body(bytes);
    const begun = performance.now();
    connection.send(`${head('POST /v2/models/identity/infer', { 'content-length': text.length })}${text}`);
    expect((await connection.answer()).status).toBe(400);
    return performance.now() - begun;
  }

  it('slows new connections down to its rate, in both directions', async () => {
    const { ports, add, clear } = await startWithFaults();
    await add({ kind: 'bandwidth', rate: 100_000 });
    // Half a second and a whole one at this rate.
    const [half, whole] = [await timeOf(ports.rest, 50_000), await timeOf(ports.rest, 100_000)];
    expect(half).toBeGreaterThan(400);
    expect(whole / half).toBeGreaterThan(1.4);
    await clear();
    await add({ kind: 'bandwidth', rate: 10_000 });
    using connection = await rawConnection(ports.rest);
    const begun = performance.now();
    connection.send(head('GET /metrics'));
    const { body: text } = await connection.answer();
    expect(performance.now() - begun).toBeGreaterThan((text.length / 10_000) * 800);
  });

  it('lets gRPC through, slowly, also a connection of several calls', async () => {
    const { ports, add } = await startWithFaults();
    await add({ kind: 'bandwidth', rate: 50_000, transport: 'grpc' });
    const session = await connectRaw(`127.0.0.1:${ports.grpc}`);
    cleanups.push(() => session.destroy());
    const request = frame(
      encodeRequest('ModelInfer', {
        model_name: 'identity',
        inputs: [{ name: 'x', datatype: 'BYTES', shape: [1], contents: { bytes_contents: [Buffer.alloc(10_000)] } }],
      }),
    );
    const begun = performance.now();
    const answers = await Promise.all([1, 2].map(() => callRaw(session, callHeaders('ModelInfer'), request)));
    expect(answers.map(({ trailers }) => trailers['grpc-status'])).toEqual(['0', '0']);
    expect(performance.now() - begun).toBeGreaterThan(350);
  });

  it('ends for open connections, too, when it is cleared', async () => {
    const { ports, add, clear } = await startWithFaults();
    await add({ kind: 'bandwidth', rate: 10 });
    using slow = await rawConnection(ports.rest);
    slow.send(head('GET /v2/health/live', { 'x-padding': 'x'.repeat(10_000) }));
    // The first bytes are there, and the rest would take a quarter of an hour.
    expect(await staysSilent(slow.socket, () => new Promise((resolve) => setTimeout(resolve, 50)))).toBe(true);
    await clear();
    expect(await slow.answer()).toMatchObject({ status: 200 });
  });
});

describe('a certificate', () => {
  let known: Authority;
  let files: Record<'usual' | 'expired' | 'wrong', CertificateFiles>;
  beforeAll(() => {
    known = authority('known');
    const names = 'DNS:localhost,IP:127.0.0.1';
    files = {
      usual: known.sign('server', names),
      expired: known.sign('old', names, -1),
      wrong: known.sign('other', 'DNS:other.example'),
    };
  });
  afterAll(() => known[Symbol.dispose]());

  const start = () => startWithFaults({ tls: { ...files.usual, expired: files.expired, wrong: files.wrong } });

  /** What a client that checks finds. */
  async function checked(port: number): Promise<string> {
    const socket = connectTls({
      host: 'localhost',
      port,
      ca: readFileSync(known.ca),
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    cleanups.push(() => void socket.destroy());
    return await new Promise((resolve) => {
      socket.on('secureConnect', () => resolve('fine'));
      socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'error'));
    });
  }

  it.each([
    ['expired-certificate', 'CERT_HAS_EXPIRED'],
    ['wrong-certificate', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const)('%s is seen by new connections, and the good one afterwards', async (kind, code) => {
    const { ports, add, clear } = await start();
    expect(await checked(ports.rest)).toBe('fine');
    await add({ kind });
    for (const port of Object.values(ports)) expect(await checked(port)).toBe(code);
    await clear();
    await add({ kind, transport: 'grpc' });
    expect([await checked(ports.rest), await checked(ports.grpc)]).toEqual(['fine', code]);
    await clear();
    for (const port of Object.values(ports)) expect(await checked(port)).toBe('fine');
  });

  it('refuse, unresponsive and bandwidth work below TLS, too', async () => {
    const { ports, add, clear } = await start();
    const kept = connectTls({ host: 'localhost', port: ports.rest, ca: readFileSync(known.ca) });
    kept.write(head('GET /v2/health/live'));
    await once(kept, 'data');
    const reset = once(kept, 'error').catch((error) => [error]);
    await add({ kind: 'refuse' });
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(await checked(ports.rest)).toBe('ECONNREFUSED');
    await clear();
    await add({ kind: 'bandwidth', rate: 20_000 });
    for (const port of Object.values(ports)) expect(await checked(port)).toBe('fine');
    await clear();
    await add({ kind: 'unresponsive' });
    const { socket, opened, ended } = dial(ports.grpc);
    expect(await opened).toBe('open');
    expect(await staysSilent(socket, () => new Promise((resolve) => setTimeout(resolve, 20)))).toBe(true);
    await clear();
    socket.resume();
    expect(await ended).toMatch(/closed|ECONNRESET/);
    expect(await checked(ports.grpc)).toBe('fine');
  });

  it('that the server does not have is refused', async () => {
    const { add } = await startWithFaults();
    await expect(add({ kind: 'wrong-certificate' })).rejects.toThrow('tls: auto');
  });
});
