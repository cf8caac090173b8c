import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { askControl } from '../../../src/engine/ask-control.js';
import { EngineFailedError } from '../../../src/engine/engine.js';
import { rejection } from '../../contract/probes.js';
import { workspace } from '../config/workspace.js';

describe.skipIf(process.platform === 'win32')('A control socket that is asked', () => {
  const closing: (() => void)[] = [];

  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  /** Listens on a socket, and does this with each line that comes. */
  async function listening(onLine: (socket: Socket, line: string) => void): Promise<string> {
    const space = workspace();
    const path = join(space.directory, 'control.sock');
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('data', (chunk) => onLine(socket, chunk.toString()));
    });
    server.listen(path);
    await once(server, 'listening');
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
      space[Symbol.dispose]();
    });
    return path;
  }

  it('is sent one line, and its answer is the first line that comes, in whatever pieces', async () => {
    const asked: string[] = [];
    const path = await listening((socket, line) => {
      asked.push(line);
      const [first, ...rest] = Buffer.from('{"ok":"ü"}\nmore');
      socket.write(Buffer.from([first ?? 0]));
      for (const byte of rest) setImmediate(() => socket.write(Buffer.from([byte])));
    });
    expect(await askControl(path, '{"do":"list"}')).toBe('{"ok":"ü"}');
    expect(asked).toEqual(['{"do":"list"}\n']);
  });

  it('says where it is not there, or closes without an answer', async () => {
    const path = await listening((socket) => socket.end('half an answ'));
    const absent = await rejection(askControl(`${path}.absent`, '{}'));
    expect(absent).toBeInstanceOf(EngineFailedError);
    expect(absent).toMatchObject({ message: `The control socket ${path}.absent is not there`, retryable: true });
    expect(await rejection(askControl(path, '{}'))).toMatchObject({
      code: 'ENGINE_FAILED',
      message: `The control socket ${path} cannot be asked: it closed without an answer`,
      retryable: true,
    });
  });

  it('is given up with the reason that the caller gives', async () => {
    const path = await listening(() => abort.abort(reason));
    const abort = new AbortController();
    const reason = new Error('given up');
    await expect(askControl(path, '{}', abort.signal)).rejects.toBe(reason);
    await expect(askControl(path, '{}', abort.signal)).rejects.toBe(reason);
  });
});
