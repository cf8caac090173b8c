import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenSomewhere } from '../contract/probes.js';
import { leftBehind } from './oracle.js';
import { sandbox } from './run-cli.js';

describe('a taken port', () => {
  let listener: Awaited<ReturnType<typeof listenSomewhere>>;
  let port: string;
  beforeAll(async () => {
    listener = await listenSomewhere();
    port = String(listener.port);
  });
  afterAll(() => listener[Symbol.asyncDispose]());

  it.each(['--grpc-port', '--http-port'])(
    'given with %s exits 7, and names the holder and the way out',
    async (flag) => {
      using box = sandbox();
      const { code, stderr } = await box.run(['up', flag, port]);
      expect(code).toBe(7);
      expect(stderr).toContain(`Port ${port} on 127.0.0.1 is taken by process ${process.pid}`);
      expect(stderr).toContain(`kill ${process.pid}, or use --grpc-port auto --http-port auto`);
      expect(leftBehind(box)).toEqual([]);
    },
  );

  it('is told by serve too', async () => {
    using box = sandbox();
    const { code, stderr } = await box.run(['serve', '--http-port', port]);
    expect(code).toBe(7);
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 is taken`);
  });
});

describe('a Docker socket that nobody answers on', () => {
  it('exits 5 where Docker is asked for, saying what was tried', async () => {
    using box = sandbox();
    const { code, stderr } = await box.run(['up', '--engine', 'docker']);
    expect(code).toBe(5);
    expect(stderr).toContain('no-docker.sock does not exist');
    expect(stderr).toContain('--engine process');
  });

  it.each(['accepts and says nothing', 'hangs up'])(
    'is given up when it %s, and auto takes a local process',
    async (how) => {
      using box = sandbox();
      const path = `${box.directory}/docker.sock`;
      const daemon = createServer((socket) => {
        socket.on('error', () => {});
        if (how === 'hangs up') socket.destroy();
      });
      await new Promise<void>((resolve) => daemon.listen(path, resolve));
      const env = { DOCKER_HOST: `unix://${path}` };
      try {
        expect((await box.run(['up', '--engine', 'docker'], { env })).code).toBe(5);
        const { code, answer } = await box.json(['up'], { env });
        expect({ code, kind: answer.data.engine.kind }).toEqual({ code: 0, kind: 'process' });
        expect(answer.data.engine.reason).toContain('no Docker');
        const down = await box.json(['down'], { env });
        expect(down).toMatchObject({ code: 0, answer: { data: { removed: [{ engine: 'process' }] } } });
        // It might hold an environment of that name, which could not be looked for.
        expect(down.answer.warnings).toHaveLength(1);
        expect(leftBehind(box)).toEqual([]);
      } finally {
        daemon.close();
      }
    },
  );
});
