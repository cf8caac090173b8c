/** HTTP/1.1 written by hand, for what no client would send. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** One connection; answers are read in the order in which they come. */
export interface RawConnection extends Disposable {
  readonly socket: Socket;
  send(text: string | Uint8Array): void;
  /** The next whole answer, by its Content-Length; 100 Continue is one, too. Rejects where the connection ends first. */
  answer(options?: { toHead?: boolean }): Promise<RawAnswer>;
  /** Settles when the server has closed the connection. */
  closed(): Promise<void>;
}

export async function rawConnection(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  let received = Buffer.alloc(0);
  let ended = false;
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      ended = true;
      resolve();
    });
  });
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
  });
  await once(socket, 'connect');
  return {
    socket,
    send: (text) => socket.write(text),
    async answer({ toHead = false } = {}) {
      for (;;) {
        const headEnd = received.indexOf('\r\n\r\n');
        if (headEnd !== -1) {
          const [statusLine = '', ...lines] = received.toString('latin1', 0, headEnd).split('\r\n');
          const headers = Object.fromEntries(
            lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
          );
          const start = headEnd + 4;
          const end = start + (toHead ? 0 : Number(headers['content-length'] ?? 0));
          if (received.byteLength >= end) {
            const body = received.toString('utf8', start, end);
            received = received.subarray(end);
            return { status: Number(statusLine.split(' ')[1]), headers, body };
          }
        }
        if (ended) throw new Error(`The connection ended after ${JSON.stringify(received.toString('latin1'))}`);
        await Promise.race([once(socket, 'data'), closed]);
      }
    },
    closed: () => closed,
    [Symbol.dispose]: () => socket.destroy(),
  };
}

/** A request line, a Host and more headers, and the empty line. */
export function head(line: string, headers: Record<string, string | number> = {}): string {
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
