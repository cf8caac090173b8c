import { once } from 'node:events';
import { type ClientHttp2Session, connect, createServer, type Http2Server } from 'node:http2';
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noteTcpSocket } from '../../../src/server/faults/socket-faults.js';
import { endWhenUnused } from '../../../src/server/grpc/unused-connections.js';

const unusedMs = 150;
let server: Http2Server;
let port: number;

beforeAll(async () => {
  server = createServer();
  server.prependListener('connection', (socket: Socket) => noteTcpSocket(socket, socket));
  server.on('session', (session) => endWhenUnused(session, unusedMs));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (headers[':path'] !== '/open') stream.respond({ ':status': 200 }, { endStream: true });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

async function session(): Promise<ClientHttp2Session> {
  const one = connect(`http://127.0.0.1:${port}`);
  one.on('error', () => {});
  await once(one, 'remoteSettings');
  return one;
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('a connection that speaks HTTP/2', () => {
  it('and asks for nothing is ended by GOAWAY', async () => {
    const one = await session();
    const [code] = await once(one, 'goaway');
    expect(code).toBe(0);
    await once(one, 'close');
  });

  it('and does not end its side is cut', async () => {
    const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    socket.resume();
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
    await once(socket, 'end');
    const timer = setInterval(() => socket.write(Buffer.alloc(1)), 20);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(timer);
  });

  it('stays while it sends PINGs, with a call that is open, and after one', async () => {
    const [pinging, calling, used] = [await session(), await session(), await session()];
    const pings = setInterval(() => pinging.ping(() => {}), unusedMs / 5);
    const open = calling.request({ ':path': '/open' });
    open.on('error', () => {});
    const done = used.request({ ':path': '/' });
    done.resume();
    await once(done, 'close');
    // Two others come to their end meanwhile, so that time has passed for these, too.
    await once(await session(), 'close');
    await wait(unusedMs);
    expect([pinging, calling, used].map(({ closed, destroyed }) => closed || destroyed)).toEqual([false, false, false]);
    clearInterval(pings);
    for (const one of [pinging, calling, used]) one.destroy();
  });
});
