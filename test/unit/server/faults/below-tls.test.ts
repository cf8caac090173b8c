import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FaultInput } from '../../../../src/faults/fault.js';
import { type Authority, authority, type CertificateFiles } from '../../../tools/tls-front.js';
import { callHeaders, callRaw, encodeRequest, frame, inferMessage } from '../grpc-clients.js';
import { head } from '../raw-http.js';
import { type FaultyServer, serveFaulty } from './struck-server.js';

let known: Authority;
let files: CertificateFiles;
beforeAll(() => {
  known = authority('known');
  files = known.sign('server', 'DNS:localhost,IP:127.0.0.1');
});
afterAll(() => known[Symbol.dispose]());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Kind = 'plain' | 'TLS' | 'slow' | 'slow TLS';

async function start(kind: Kind): Promise<FaultyServer> {
  const server = await serveFaulty(kind.endsWith('TLS') ? { tls: { ...files } } : {});
  cleanups.push(() => server[Symbol.asyncDispose]());
  // Fast enough for all of this, and by another way.
  if (kind.startsWith('slow')) await server.add({ kind: 'bandwidth', rate: 1_000_000 });
  return server;
}

/** A connection to a port, in the way that the server speaks. */
async function open(kind: Kind, port: number): Promise<Socket> {
  const secure = { ca: readFileSync(known.ca), servername: 'localhost', ALPNProtocols: ['h2', 'http/1.1'] };
  const socket = kind.endsWith('TLS')
    ? connectTls({ host: '127.0.0.1', port, ...secure })
    : connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  cleanups.push(() => socket.destroy());
  await once(socket, kind.endsWith('TLS') ? 'secureConnect' : 'connect');
  return socket;
}

async function openSession(kind: Kind, { running }: FaultyServer): Promise<ClientHttp2Session> {
  const socket = await open(kind, running.server.grpcPort);
  const session = connectHttp2('http://localhost', { createConnection: () => socket });
  session.on('error', () => {});
  await once(session, 'remoteSettings');
  // Something has been read and written both ways.
  const live = await callRaw(session, callHeaders('ServerLive'), frame(Buffer.alloc(0)));
  expect(live.trailers['grpc-status']).toBe('0');
  return session;
}

const infer = frame(encodeRequest('ModelInfer', inferMessage('same')));
const reset: FaultInput = { kind: 'reset', rpc: 'ModelInfer' };
const halfOpen: FaultInput = { kind: 'half-open', rpc: 'ModelInfer' };
const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP64', shape: [1], data: [1] }] });
const inferOverRest = `${head('POST /v2/models/same/infer', { 'content-length': body.length })}${body}`;

describe.each<Kind>(['plain', 'TLS', 'slow', 'slow TLS'])('a connection, %s', (kind) => {
  it('is reset by TCP, over gRPC and REST', async () => {
    const server = await start(kind);
    await server.add(reset);
    const session = await openSession(kind, server);
    const lost = new Promise((resolve) =>
      session.socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code)),
    );
    void callRaw(session, callHeaders('ModelInfer'), infer);
    expect(await lost).toBe('ECONNRESET');
    const socket = await open(kind, server.running.server.httpPort);
    socket.write(head('GET /v2/health/live'));
    await once(socket, 'data');
    const broken = new Promise((resolve) => socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code)));
    socket.write(inferOverRest);
    expect(await broken).toBe('ECONNRESET');
  });

  it('is half open: of calls that were under way nothing comes either, until the fault is over', async () => {
    const server = await start(kind);
    await server.add({ kind: 'delay', time: '100ms', rpc: 'ServerMetadata' });
    const [status] = (await server.add(halfOpen)) as { id: string }[];
    const session = await openSession(kind, server);
    const other = await openSession(kind, server);
    let heard = 0;
    const hear = () => {
      heard++;
    };
    const late = session.request(callHeaders('ServerMetadata'));
    const struck = session.request(callHeaders('ModelInfer'));
    for (const stream of [late, struck])
      stream
        .on('response', hear)
        .on('error', () => {})
        .on('close', hear);
    session.on('close', hear).on('goaway', hear);
    late.end(frame(Buffer.alloc(0)));
    struck.end(infer);
    await expect.poll(() => server.struck().at(-1)).toBe(1);
    session.ping(hear);
    // The same answer, on a connection that is well, comes later.
    await callRaw(other, callHeaders('ServerMetadata'), frame(Buffer.alloc(0)));
    await callRaw(other, callHeaders('ServerMetadata'), frame(Buffer.alloc(0)));
    expect(heard).toBe(0);
    const ended = new Promise((resolve) => session.once('close', resolve));
    await server.running.server.faults?.clear([status?.id ?? '']);
    await ended;
    const again = await callRaw(other, callHeaders('ModelInfer'), infer);
    expect(again.trailers['grpc-status']).toBe('0');
  });

  it('is half open over REST, and ends with the server', async () => {
    const server = await start(kind);
    await server.add(halfOpen);
    const socket = await open(kind, server.running.server.httpPort);
    let heard = 0;
    socket.on('data', () => heard++);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    void ended.then(() => heard++);
    socket.write(inferOverRest);
    await expect.poll(() => server.struck().at(-1)).toBe(1);
    socket.write(inferOverRest);
    for (let call = 0; call < 20; call++) {
      const other = await open(kind, server.running.server.httpPort);
      other.write(head('GET /v2/health/live'));
      await once(other, 'data');
    }
    expect(heard).toBe(0);
    await server.running.server.close(0);
    await ended;
  });
});
