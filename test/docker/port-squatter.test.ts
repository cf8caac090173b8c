import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listenSomewhere } from '../contract/probes.js';
import { requirePrivateDaemons } from './docker-harness.js';
import { privateBoxes } from './private-box.js';

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  await using listener = await listenSomewhere();
  return listener.port;
}

describe.runIf(requirePrivateDaemons())('a port that is taken between the look at it and its use', () => {
  let squatter: Server;
  const own = privateBoxes(async () => {
    squatter = createServer();
  });
  // Before the box looks for what is left: hooks that come later run first.
  afterEach(() => new Promise((resolve) => squatter.close(resolve)));

  it('and was given: up exits 7, names the holder, and takes back what it made', async () => {
    const { box, proxy } = own;
    const port = await freePort();
    proxy.onRequest = async ({ name }) => {
      if (!/^POST \/containers\/\w+\/start/.test(name)) return;
      await new Promise<void>((resolve) => squatter.listen({ host: '127.0.0.1', port }, resolve));
    };
    const { code, answer } = await box.json(['up', '--grpc-port', String(port)]);
    expect({ code, error: answer.error?.code }).toEqual({ code: 7, error: 'PORT_IN_USE' });
    expect(answer.error?.message).toContain(`Port ${port} on 127.0.0.1 is taken by process ${process.pid}`);
    await expect.poll(own.left, { timeout: 10_000 }).toEqual([]);

    proxy.onRequest = undefined;
    await new Promise((resolve) => squatter.close(resolve));
    expect((await box.run(['up', '--grpc-port', String(port)])).code).toBe(0);
    expect((await box.run(['down'])).code).toBe(0);
  });

  it('and was to be any: up takes another one', async () => {
    const { box, proxy } = own;
    let refused = false;
    proxy.decide = ({ name }) => {
      if (refused || !/^POST \/containers\/\w+\/start/.test(name)) return undefined;
      refused = true;
      const words =
        'driver failed programming external connectivity on endpoint kserve-env-faults: Error starting userland proxy: listen tcp4 127.0.0.1:40000: bind: address already in use';
      const body = JSON.stringify({ message: words });
      return {
        kind: 'say',
        text: `HTTP/1.1 500 No\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      };
    };
    const { code } = await box.json(['up']);
    expect({ code, refused }).toEqual({ code: 0, refused: true });
    expect((await box.run(['down'])).code).toBe(0);
  });
});
