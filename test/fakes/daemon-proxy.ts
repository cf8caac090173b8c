/** A unix socket before the daemon's, which can be told to misbehave: for all requests, or for each as it comes. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause, setImmediate } from 'node:timers/promises';

/** What the proxy does with one request. Bytes of an answer are counted from its status line on. */
export type Behaviour =
  /** As if it were not there. */
  | { kind: 'pass' }
  /** Accepts, and never answers. */
  | { kind: 'hang' }
  /** Ends the connection without a word. */
  | { kind: 'close' }
  /** Ends the connection after so many bytes of the answer. */
  | { kind: 'cut'; after: number }
  /** Passes so many bytes of the answer, and is silent from then on. */
  | { kind: 'stall'; after: number }
  /** Ends the connection after so many bytes of the request, so that an upload ends in its middle. */
  | { kind: 'cut-request'; after: number }
  /** Holds the answer back for so long, in milliseconds. */
  | { kind: 'delay'; ms: number }
  /** Passes the answer a few bytes at a time. */
  | { kind: 'drip'; bytes: number; everyMs: number }
  /** Says this, whatever was asked; the daemon hears nothing of it. */
  | { kind: 'say'; text: string }
  /** Says something else than the daemon's answer, once that is complete. */
  | { kind: 'rewrite'; answer: (answer: DaemonsAnswer) => string };

/** An answer as it came, its body without the chunks' framing. */
export interface DaemonsAnswer {
  status: number;
  head: string;
  body: string;
}

/** A request that arrived. */
export interface ProxiedRequest {
  /** 1 for the first since the proxy was started, or since `forget`. */
  index: number;
  /** `GET /containers/json`, without a query. */
  name: string;
}

/** Called in the course of a request, which waits for it. */
export type ProxyHook = (request: ProxiedRequest) => void | Promise<void>;

export interface DaemonProxy extends AsyncDisposable {
  socketPath: string;
  /** For every request that `decide` says nothing of. */
  behaviour: Behaviour;
  /** Decides on each request by itself. */
  decide: ((request: ProxiedRequest) => Behaviour | undefined) | undefined;
  /** A request has arrived, and the daemon has not heard of it. One whose client goes meanwhile never reaches it. */
  onRequest: ProxyHook | undefined;
  /** The daemon has done what it was asked, and the client has not heard of it. */
  onAnswer: ProxyHook | undefined;
  /** Requests that arrived, as `GET /path?query`. */
  readonly requests: string[];
  /** Counts anew. */
  forget(): void;
}

/** @param daemonPath the real socket; may be absent for behaviours that need none */
export async function startDaemonProxy(daemonPath: string): Promise<DaemonProxy> {
  const directory = await mkdtemp(join(tmpdir(), 'kserve-env-proxy-'));
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    keep(client);
    serve(client).catch(() => client.destroy());
  });

  async function serve(client: Socket): Promise<void> {
    const arrival = await readHead(client);
    if (arrival === undefined) {
      client.destroy();
      return;
    }
    const [method = '', target = ''] = Buffer.concat(arrival.chunks).toString('latin1').split(' ', 2);
    proxy.requests.push(`${method} ${target}`);
    const request = { index: proxy.requests.length, name: `${method} ${target.split('?', 1)[0]}` };
    if (proxy.onRequest) {
      await proxy.onRequest(request);
      // The end of a client that was killed meanwhile is in the socket already, and is read in the next turn.
      await setImmediate();
      await setImmediate();
    }
    if (client.destroyed || client.readableEnded) {
      client.destroy();
      return;
    }
    const behaviour = proxy.decide?.(request) ?? proxy.behaviour;
    switch (behaviour.kind) {
      case 'hang':
        client.once('end', () => client.destroy());
        client.resume();
        return;
      case 'close':
        client.destroy();
        return;
      case 'say':
        client.resume();
        client.end(behaviour.text);
        return;
    }
    const daemon = keep(connect({ path: daemonPath, allowHalfOpen: true }));
    client.once('close', () => daemon.destroy());
    arrival.stop();
    forward(
      Buffer.concat(arrival.chunks),
      client,
      daemon,
      behaviour.kind === 'cut-request' ? behaviour.after : Number.POSITIVE_INFINITY,
    );
    await passAnswer(daemon, client, behaviour, async () => await proxy.onAnswer?.(request));
  }

  const socketPath = join(directory, 'docker.sock');
  const proxy: DaemonProxy = {
    socketPath,
    behaviour: { kind: 'pass' },
    decide: undefined,
    onRequest: undefined,
    onAnswer: undefined,
    requests: [],
    forget: () => {
      proxy.requests.length = 0;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(directory, { recursive: true, force: true });
    },
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  return proxy;
}

/** What came of a request until now; goes on to grow until somebody takes over. */
interface Arrival {
  chunks: Buffer[];
  /** Stops collecting. */
  stop: () => void;
}

/** Resolves when the head is complete; undefined when the client went before. */
async function readHead(client: Socket): Promise<Arrival | undefined> {
  const chunks: Buffer[] = [];
  return await new Promise((resolve) => {
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      const stop = () => {
        client.pause();
        client.off('data', onData);
      };
      if (chunk.includes('\r\n\r\n') || Buffer.concat(chunks).includes('\r\n\r\n')) resolve({ chunks, stop });
    };
    // Never paused: only who reads sees that the other side has gone.
    client.on('data', onData);
    client.once('close', () => resolve(undefined));
    client.once('end', () => resolve(undefined));
  });
}

/** Sends the request on, its end included; after so many bytes both connections end instead. */
function forward(start: Buffer, client: Socket, daemon: Socket, cutAfter: number): void {
  let left = cutAfter;
  const send = (chunk: Buffer) => {
    if (daemon.destroyed) return;
    const goesOn = daemon.write(chunk.subarray(0, Math.min(left, chunk.length)));
    left -= chunk.length;
    if (left <= 0) {
      daemon.destroy();
      client.destroy();
    } else if (!goesOn) {
      client.pause();
      daemon.once('drain', () => client.resume());
    }
  };
  client.on('data', send);
  client.once('end', () => daemon.end());
  send(start);
  client.resume();
}

async function passAnswer(
  daemon: Socket,
  client: Socket,
  behaviour: Exclude<Behaviour, { kind: 'hang' | 'close' | 'say' }>,
  onAnswer: () => Promise<void>,
): Promise<void> {
  const whole: Buffer[] = [];
  let passed = 0;
  let first = true;
  for await (const chunk of daemon as AsyncIterable<Buffer>) {
    if (first) await onAnswer();
    if (first && behaviour.kind === 'delay') await pause(behaviour.ms);
    first = false;
    if (behaviour.kind === 'rewrite') {
      whole.push(chunk);
      continue;
    }
    const bounded = behaviour.kind === 'cut' || behaviour.kind === 'stall';
    const part = bounded ? chunk.subarray(0, Math.max(0, behaviour.after - passed)) : chunk;
    passed += part.length;
    if (behaviour.kind === 'drip') await drip(client, part, behaviour);
    else await write(client, part);
    if (!bounded || passed < behaviour.after) continue;
    if (behaviour.kind === 'stall') return;
    client.end(() => client.destroy());
    daemon.destroy();
    return;
  }
  if (behaviour.kind === 'rewrite') client.write(behaviour.answer(parseAnswer(Buffer.concat(whole))));
  client.end();
}

async function write(client: Socket, part: Buffer): Promise<void> {
  if (client.destroyed || client.write(part)) return;
  await Promise.race([once(client, 'drain'), once(client, 'close')]);
}

async function drip(client: Socket, part: Buffer, { bytes, everyMs }: { bytes: number; everyMs: number }) {
  for (let at = 0; at < part.length && !client.destroyed; at += bytes) {
    await write(client, part.subarray(at, at + bytes));
    await pause(everyMs);
  }
}

function parseAnswer(answer: Buffer): DaemonsAnswer {
  const text = answer.toString('latin1');
  const end = text.indexOf('\r\n\r\n') + 4;
  const head = text.slice(0, end);
  const rest = text.slice(end);
  return {
    status: Number(head.split(' ', 2)[1]),
    head,
    body: /^transfer-encoding: chunked/im.test(head) ? dechunk(rest) : rest,
  };
}

/** RFC 9112, section 7.1, without trailers. */
function dechunk(text: string): string {
  let [body, at] = ['', 0];
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (lineEnd < 0 || !(size > 0)) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}

/** An answer as text, for `say` and `rewrite`: its length right unless another is given. */
export function httpAnswer(
  status: number,
  body: string,
  { type = 'application/json', length = Buffer.byteLength(body) }: { type?: string; length?: number } = {},
): string {
  return `HTTP/1.1 ${status} Whatever\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`;
}
