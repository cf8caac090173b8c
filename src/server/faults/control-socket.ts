/**
 * The socket by which whoever runs the server orders faults: one JSON line there, one back, and it closes. It is a file
 * that its owner alone may open, and no port: a port may be what is broken, and a browser or a stranger reaches ports.
 */
import { lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { type ControlServer, controlAnswer, refused } from './control-requests.js';

/** Bytes of the longest line that is read. */
const mostBytes = 1024 * 1024;
/** Milliseconds that a request has to come in whole, and that an answer has to be fetched. */
const patienceMs = 10_000;
/** Sockets that are open at one time; more are closed as they come. */
const mostConnections = 64;
/** Bytes of the longest path of a Unix socket; Node cuts off what is more, without a word. */
const mostPathBytes = process.platform === 'darwin' ? 103 : 107;

export interface ControlSocket {
  /** Takes no more requests, and takes the file away. Requests that are being answered are cut off. */
  close(): Promise<void>;
}

export interface ControlSocketOptions extends ControlServer {
  /** Milliseconds that a request has to come in whole; 10,000 unless given. */
  timeoutMs?: number;
}

/**
 * Listens on a Unix socket that its owner alone may use, on Windows on a pipe. A file that an earlier server left is
 * replaced.
 * @throws Error where the path is too long, where something else is there, or where somebody listens there
 */
export async function openControlSocket(path: string, options: ControlSocketOptions): Promise<ControlSocket> {
  if (process.platform !== 'win32' && Buffer.byteLength(path) > mostPathBytes) {
    throw new Error(`The control socket ${path} has a path of more than ${mostPathBytes} bytes`);
  }
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, options);
  });
  server.maxConnections = mostConnections;
  await listen(server, path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw refusal(path, error.message, error);
    await removeStale(path, error);
    await listen(server, path).catch((again: Error) => {
      throw refusal(path, again.message, again);
    });
  });
  // What accept throws when there are no descriptors left must not end the server.
  server.on('error', () => {});
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The file is made within this call: there is no moment at which others may open it.
    const umask = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

function refusal(path: string, why: string, cause: unknown): Error {
  return new Error(`The control socket ${path} cannot be opened: ${why}`, { cause });
}

/** Takes away a socket that nobody listens on. Throws where it is no socket, or is answered. */
async function removeStale(path: string, cause: unknown): Promise<void> {
  // To connect to a plain file is refused, too.
  if (process.platform !== 'win32' && !lstatSync(path, { throwIfNoEntry: false })?.isSocket()) {
    throw refusal(path, 'something is there that is no socket', cause);
  }
  if (await isAnswered(path)) throw refusal(path, 'another server listens on it', cause);
  unlinkSync(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => end(true));
    // Any other error, such as a full queue, means that somebody may be there.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => end(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

/** Reads one line, answers it, and ends. */
function serve(socket: Socket, options: ControlSocketOptions): void {
  const { timeoutMs = patienceMs } = options;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let over = false;
  const answer = (line: Promise<string> | string): void => {
    over = true;
    clearTimeout(late);
    // What else comes is read and forgotten, so that the answer is not lost in a reset.
    chunks.length = 0;
    void Promise.resolve(line).then((text) => {
      socket.end(`${text}\n`);
      setTimeout(() => socket.destroy(), timeoutMs).unref();
    });
  };
  const late = setTimeout(
    () => answer(refused('DEADLINE_EXCEEDED', `no whole line came within ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  late.unref();
  socket.on('error', () => {});
  socket.on('close', () => clearTimeout(late));
  socket.on('data', (chunk) => {
    if (over) return;
    const end = chunk.indexOf(0x0a);
    chunks.push(end === -1 ? chunk : chunk.subarray(0, end));
    bytes += chunk.length;
    if (bytes > mostBytes) answer(refused('INVALID_ARGUMENT', `the request is longer than ${mostBytes} bytes`));
    else if (end !== -1) answer(controlAnswer(Buffer.concat(chunks), options));
  });
  socket.on('end', () => {
    if (!over) answer(controlAnswer(Buffer.concat(chunks), options));
  });
}

/**
 * Sends a line to a control socket, and returns the line that it answers.
 * @throws Error where nobody listens, or no line comes within `timeoutMs` milliseconds
 */
export function askControl(path: string, line: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const decoder = new StringDecoder('utf8');
    let answer = '';
    const end = (settle: () => void): void => {
      clearTimeout(late);
      socket.destroy();
      settle();
    };
    const fail = (why: string): void => end(() => reject(new Error(`The control socket ${path} ${why}`)));
    const late = setTimeout(() => fail(`did not answer within ${timeoutMs / 1000} s`), timeoutMs);
    // Within JSON a line break is white space.
    socket.on('connect', () => socket.write(`${line.replace(/[\r\n]+/g, ' ')}\n`));
    socket.on('data', (chunk) => {
      answer += decoder.write(chunk);
      const newline = answer.indexOf('\n');
      if (newline !== -1) end(() => resolve(answer.slice(0, newline)));
    });
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) =>
      fail(code === 'ENOENT' || code === 'ECONNREFUSED' ? 'is not listened on' : `cannot be asked: ${message}`),
    );
    socket.on('close', () => fail('was closed without an answer'));
  });
}
