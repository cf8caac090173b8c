import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  askControl,
  type ControlSocket,
  type ControlSocketOptions,
  openControlSocket,
} from '../../../../src/server/faults/control-socket.js';
import { createFaultKeeper, type FaultKeeper } from '../../../../src/server/faults/fault-keeper.js';
import { silentLogger } from '../../../../src/server/telemetry/logger.js';
import { runProgram } from '../program-run.js';

let directory: string;
let path: string;
let keeper: FaultKeeper;
const open: ControlSocket[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'control-'));
  path = join(directory, 'control.sock');
  keeper = createFaultKeeper({
    models: new Set(['m']),
    log: silentLogger,
    publish: async () => {},
    hasWrongCertificates: false,
  });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  keeper.close();
  rmSync(directory, { recursive: true });
});

async function listen(more: Partial<ControlSocketOptions> = {}): Promise<ControlSocket> {
  const control = await openControlSocket(path, { keeper, isReady: async () => true, log: silentLogger, ...more });
  open.push(control);
  return control;
}

const ask = async (request: unknown) => JSON.parse(await askControl(path, JSON.stringify(request), 5_000));
const askText = async (line: string) => JSON.parse(await askControl(path, line, 5_000));

/** All that comes until the other side ends, after `act` has done its worst. */
function raw(act: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true }, () => act(socket));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(text));
  });
}

describe('a control socket', () => {
  it('is a file for its owner alone, and goes when it is closed', async () => {
    const control = await listen();
    expect(statSync(path).isSocket()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await control.close();
    expect(existsSync(path)).toBe(false);
    await expect(askControl(path, '{}', 1_000)).rejects.toThrow(`${path} is not listened on`);
  });

  it('adds, lists and clears', async () => {
    await listen();
    expect(await ask({ do: 'list' })).toEqual({ ok: true, faults: [] });
    const added = await ask({ do: 'add', faults: [{ kind: 'delay', time: '5s', seed: 7 }, { kind: 'not-ready' }] });
    expect(added).toMatchObject({
      ok: true,
      faults: [
        { id: '1', seed: 7, struck: 0, fault: { kind: 'delay', time: '5s', distribution: 'uniform' } },
        { id: '2', fault: { kind: 'not-ready' } },
      ],
    });
    expect(await ask({ do: 'list' })).toEqual(added);
    expect(await ask({ do: 'clear', ids: ['2', '9'] })).toMatchObject({ ok: true, faults: [{ id: '2' }] });
    expect(await ask({ do: 'clear' })).toMatchObject({ ok: true, faults: [{ id: '1' }] });
    expect(await ask({ do: 'clear' })).toEqual({ ok: true, faults: [] });
  });

  it('says whether the server is ready', async () => {
    let ready = false;
    await listen({ isReady: async () => ready });
    expect(await ask({ do: 'ready' })).toEqual({ ok: true, ready: false });
    ready = true;
    expect(await ask({ do: 'ready' })).toEqual({ ok: true, ready: true });
  });

  it('takes a request that is written over several lines, and one that ends without a line break', async () => {
    await listen();
    expect(await askText('{\n"do":\r\n"list"}')).toMatchObject({ ok: true });
    expect(JSON.parse(await raw((socket) => socket.end('{"do":"list"}')))).toMatchObject({ ok: true });
  });

  it('answers the first line alone, in one line, and ends', async () => {
    await listen();
    const text = await raw((socket) => socket.write('{"do":"list"}\n{"do":"add","faults":[{"kind":"hang"}]}\n'));
    expect(text).toBe('{"ok":true,"faults":[]}\n');
    expect(keeper.list()).toEqual([]);
  });

  it('names every problem of every fault, and adds none of them', async () => {
    await listen();
    const faults = [
      { kind: 'delay', time: 'soon', speed: 1, percent: 0 },
      { kind: 'not-ready', model: 'm' },
      { kind: 'del\u001bay' },
      { kind: 'refuse', percent: 3 },
      null,
    ];
    const { ok, error } = await ask({ do: 'add', faults });
    expect(ok).toBe(false);
    expect(error.status).toBe('INVALID_ARGUMENT');
    for (const words of [
      'faults.0: delay: time: expected a duration with a unit',
      'percent: Too small: expected number to be >0',
      'Unrecognized key: "speed"',
      'faults.2: there is no fault "del\\u001bay"; there are not-ready,',
      'faults.3: refuse: percent: expected nothing: refuse takes effect when it is added',
      'faults.4: a fault is an object with its kind',
    ]) {
      expect(error.message).toContain(words);
    }
    expect(keeper.list()).toEqual([]);
    expect(await ask({ do: 'add', faults: [{ kind: 'not-ready', model: 'x' }] })).toMatchObject({
      ok: false,
      error: { status: 'INVALID_ARGUMENT', message: 'not-ready: the server has no model x; it has m' },
    });
  });
});

describe('what comes from elsewhere to a control socket', () => {
  const refusal = (words: string) => ({
    ok: false,
    error: { status: 'INVALID_ARGUMENT', message: expect.stringContaining(words) },
  });

  it.each([
    ['', 'no JSON'],
    ['nonsense', 'no JSON'],
    ['GET / HTTP/1.1', 'no JSON'],
    ['"list"', 'cannot be used'],
    ['null', 'cannot be used'],
    ['{}', 'a request is {"do":"list"}'],
    ['{"do":"burn"}', 'a request is {"do":"list"}'],
    ['{"do":"list","more":1}', 'Unrecognized key'],
    ['{"__proto__":{"do":"list"}}', 'a request is {"do":"list"}'],
    ['{"do":"add","faults":[]}', 'faults'],
    ['{"do":"add","faults":[{"kind":"__proto__"}]}', 'there is no fault'],
    ['{"do":"add","faults":[{"kind":"constructor"}]}', 'there is no fault'],
    [`{"do":"clear","ids":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'ids.0'],
    ['{"do":"clear","ids":[1]}', 'ids.0'],
    ['{"do":"list"}\u0000', 'no JSON'],
    [`{"do":"add","faults":[${Array(101).fill('{"kind":"hang"}').join(',')}]}`, 'faults'],
  ])('is refused with its reason, case %#', async (line, words) => {
    await listen();
    expect(await askText(line)).toMatchObject(refusal(words));
    expect(await ask({ do: 'list' })).toEqual({ ok: true, faults: [] });
  });

  it('bytes that are no text are refused', async () => {
    await listen();
    const text = await raw((socket) => socket.end(Buffer.from([0x22, 0xff, 0xfe, 0x22, 0x0a])));
    expect(JSON.parse(text)).toMatchObject(refusal('no JSON'));
  });

  it('a line that never ends is refused when it is too long, or takes too long', async () => {
    await listen({ timeoutMs: 100 });
    const long = await raw((socket) => void socket.write('x'.repeat(1024 * 1024 + 1)));
    expect(JSON.parse(long)).toMatchObject(refusal('longer than 1048576 bytes'));
    const slow = await raw((socket) => void socket.write('{"do":'));
    expect(JSON.parse(slow)).toMatchObject({ ok: false, error: { status: 'DEADLINE_EXCEEDED' } });
    const silent = await raw(() => {});
    expect(JSON.parse(silent)).toMatchObject({ ok: false, error: { status: 'DEADLINE_EXCEEDED' } });
  });

  it('a peer that goes before its answer harms nobody', async () => {
    let answered = (): void => {};
    const waiting = new Promise<boolean>((resolve) => {
      answered = () => resolve(true);
    });
    await listen({ isReady: () => waiting });
    const socket = connect(path);
    await new Promise<void>((resolve) => socket.write('{"do":"ready"}\n', () => resolve()));
    socket.destroy();
    answered();
    expect(await ask({ do: 'list' })).toMatchObject({ ok: true });
  });

  it('more faults than a server may have are refused, whoever adds them', async () => {
    await listen();
    const faults = Array(60).fill({ kind: 'hang' });
    expect(await ask({ do: 'add', faults })).toMatchObject({ ok: true });
    expect(await ask({ do: 'add', faults })).toMatchObject({ ok: false, error: { status: 'RESOURCE_EXHAUSTED' } });
    expect(keeper.list()).toHaveLength(60);
  });

  it('an error that nobody expected is told without its words, which the log has', async () => {
    const lines: string[] = [];
    const log = { ...silentLogger, error: (_: string, fields?: object) => void lines.push(JSON.stringify(fields)) };
    await listen({ isReady: () => Promise.reject(new Error('secret')), log });
    const answer = await ask({ do: 'ready' });
    expect(answer).toMatchObject({ ok: false, error: { status: 'INTERNAL' } });
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(lines.join()).toContain('secret');
  });
});

describe('the place of a control socket', () => {
  it('is had again from a server that was killed', async () => {
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('{"message":"up"}'))`;
    const killed = runProgram('-e', {}, [script]);
    await killed.says('up');
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(statSync(path).isSocket()).toBe(true);
    await listen();
    expect(await ask({ do: 'list' })).toEqual({ ok: true, faults: [] });
  });

  it('is not taken from a server that lives', async () => {
    await listen();
    await expect(listen()).rejects.toThrow(`${path} cannot be opened: another server listens on it`);
    expect(await ask({ do: 'list' })).toEqual({ ok: true, faults: [] });
  });

  it('is not taken from a file of another kind, nor through a link', async () => {
    writeFileSync(path, 'mine');
    await expect(listen()).rejects.toThrow('something is there that is no socket');
    expect(statSync(path).size).toBe(4);
    rmSync(path);
    symlinkSync(join(directory, 'elsewhere'), path);
    await expect(listen()).rejects.toThrow('something is there that is no socket');
  });

  it('has to be in a directory that is there, and short enough', async () => {
    path = join(directory, 'no', 'control.sock');
    await expect(listen()).rejects.toThrow(/cannot be opened: listen E(NOENT|ACCES)/);
    path = join(directory, 'x'.repeat(100));
    await expect(listen()).rejects.toThrow('a path of more than 107 bytes');
  });
});

describe('whoever asks', () => {
  it('hears of a server that closes, or says nothing', async () => {
    const sockets: Socket[] = [];
    let act = (socket: Socket): void => void socket.destroy();
    const server = createServer((socket) => {
      sockets.push(socket);
      act(socket);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await expect(askControl(path, '{}', 5_000)).rejects.toThrow(/was closed without an answer|ECONNRESET|EPIPE/);
    act = () => {};
    await expect(askControl(path, '{}', 50)).rejects.toThrow('did not answer within 0.05 s');
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
