import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Case, CaseResult } from '../../../src/checks/case.js';
import { openConnections } from '../../../src/checks/connections.js';
import { runCases } from '../../../src/checks/runner.js';

/** A server that answers these paths and leaves all others without an answer; and the paths it was asked for. */
async function quietServer(...answered: string[]) {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    if (answered.includes(url)) response.end('{"live":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const casesOf = (kind: string, path: string, count: number): Case[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `${kind}/${index}`,
    suite: 'infer',
    title: `${kind} ${index}`,
    spec: '',
    why: '',
    transports: ['rest'],
    run: async (probe) => {
      await probe.http({ method: 'GET', path });
      return undefined;
    },
  }));

async function run(url: string, cases: Case[]): Promise<CaseResult[]> {
  const connect = () => openConnections({ rest: { baseUrl: url } });
  await using connections = connect();
  const models = { models: [], unloaded: [], ready: undefined };
  const server = { name: '', version: '', extensions: [], ours: false, mayUnload: false, ...models };
  return await runCases(cases, {
    server: { ...server, transports: ['rest'] },
    connections,
    connect,
    signal: new AbortController().signal,
    timeoutMs: 60,
    concurrency: 1,
  });
}

const messages = (results: CaseResult[]) => results.map(({ message = 'passed' }) => message.replace(/^\S+ had/, 'had'));
const silent = expect.stringContaining('no answer within 60 ms');
const notAsked = 'not asked: the server left 3 cases in a row without an answer';

describe('a server that leaves calls without an answer', () => {
  it('is given up after three in a row where it does not say either that it lives', async () => {
    await using server = await quietServer('/good');
    const results = await run(server.url, [...casesOf('infer/a', '/hangs', 5), ...casesOf('infer/b', '/good', 1)]);
    expect(messages(results)).toEqual([silent, silent, silent, notAsked, notAsked, notAsked]);
    expect(server.asked).not.toContain('/good');
  });

  it('is asked for other things where it does, and for the same kind no more', async () => {
    await using server = await quietServer('/good', '/v2/health/live');
    const cases = [...casesOf('infer/a', '/hangs', 4), ...casesOf('infer/b', '/good', 2)];
    const results = await run(server.url, cases);
    const other = 'not asked: the server left 3 cases like it without an answer';
    expect(messages(results)).toEqual([silent, silent, silent, other, 'passed', 'passed']);
    expect(results[3]?.status).toBe('skipped');
  });

  it('is asked on where it answers between', async () => {
    await using server = await quietServer('/good');
    const [hangs, good] = [casesOf('infer/a', '/hangs', 4), casesOf('infer/b', '/good', 4)];
    const results = await run(
      server.url,
      hangs.flatMap((one, index) => [one, good[index] as Case]),
    );
    expect(messages(results)).toEqual(hangs.flatMap(() => [silent, 'passed']));
  });

  it('is given up after twelve in all', async () => {
    await using server = await quietServer('/v2/health/live', '/good');
    const cases = Array.from({ length: 5 }, (_, index) => casesOf(`infer/${index}`, '/hangs', 3)).flat();
    const results = await run(server.url, [...cases, ...casesOf('infer/good', '/good', 1)]);
    const end = 'not asked: the server left 12 cases without an answer';
    expect(messages(results)).toEqual([...Array(12).fill(silent), end, end, end, end]);
  });
});
