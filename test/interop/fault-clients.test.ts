/** What clients that nobody here wrote see of faults: a handful of the rows of docs/fault-clients.md, against living clients. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultKindNames } from '../../src/faults/kinds.js';

const root = new URL('../../', import.meta.url);
const module = async (path: string) => await import(new URL(path, root).href);
const { clients, startClient, startFaultServer } = await module('scripts/fault-clients/session.js');
const { trials } = await module('scripts/fault-clients/trials.js');

interface Outcome {
  status: string;
  message: string;
  ms: number;
  answer?: string;
}

interface Client {
  title: string;
  call(order?: { fault?: string; deadlineMs?: number }): Promise<Outcome>;
  stop(): Promise<void>;
}

interface Server {
  add(faults: object[]): Promise<unknown>;
  clear(): Promise<unknown>;
  stop(): Promise<void>;
}

const namesOf = (transport: string) => Object.keys(clients).filter((name) => clients[name].transport === transport);
const deadlineMs = 700;

let server: Server;
/** One of each, which has been answered once, by its own connection. */
const connected = new Map<string, Client>();
const clientOf = (name: string) => connected.get(name) as Client;

beforeAll(async () => {
  server = await startFaultServer();
  for (const name of Object.keys(clients)) {
    const client: Client = await startClient(name, server);
    connected.set(name, client);
    const first = await client.call({ deadlineMs: 10_000 });
    expect(first, name).toMatchObject({ status: expect.stringMatching(/^(OK|200)$/) });
  }
});
afterAll(async () => {
  for (const client of connected.values()) await client.stop();
  await server.stop();
});

describe.each(namesOf('grpc'))('%s', (name) => {
  it.each([
    ['status=UNAVAILABLE message="try later"', 'UNAVAILABLE', /^try later$/],
    ['not-ready', 'UNAVAILABLE', /not ready/],
    ['hang', 'DEADLINE_EXCEEDED', /deadline/i],
    ['oversize', 'RESOURCE_EXHAUSTED', /larger than max/i],
    ['invalid-message', 'INTERNAL', /unmarshal|parsing|deserializing/i],
    ['partial-answer', 'UNAVAILABLE', /./],
    ['reset', 'UNAVAILABLE', /./],
    ['stream-reset', 'INTERNAL', /./],
    ['stream-reset=7', 'UNAVAILABLE', /./],
    ['explode', 'INVALID_ARGUMENT', /explode.*delay/],
  ])('sees of %s that the call ends with %s, and is answered the next time', async (fault, status, says) => {
    const client = clientOf(name);
    const struck = await client.call({ fault, deadlineMs });
    expect(struck).toMatchObject({ status, message: expect.stringMatching(says) });
    if (status === 'DEADLINE_EXCEEDED') expect(struck.ms).toBeGreaterThan(deadlineMs * 0.9);
    expect(await client.call({ deadlineMs: 10_000 })).toMatchObject({ status: 'OK' });
  });

  it('notices nothing of GOAWAY with NO_ERROR, and takes wrong values for right ones', async () => {
    const client = clientOf(name);
    const good = await client.call();
    expect(await client.call({ fault: 'goaway' })).toMatchObject({ status: 'OK', answer: good.answer });
    const wrong = await client.call({ fault: 'wrong-value' });
    expect(wrong.status).toBe('OK');
    expect(wrong.answer).not.toBe(good.answer);
    expect(await client.call()).toMatchObject({ status: 'OK', answer: good.answer });
  });

  it('stays on a connection that is half open, call after call', async () => {
    const client: Client = await startClient(name, server);
    try {
      expect(await client.call({ deadlineMs: 10_000 })).toMatchObject({ status: 'OK' });
      for (const fault of ['half-open', undefined, undefined]) {
        const ended = await client.call({ deadlineMs, ...(fault !== undefined && { fault }) });
        expect(ended).toMatchObject({ status: 'DEADLINE_EXCEEDED' });
      }
    } finally {
      await client.stop();
    }
  });
});

describe.each(namesOf('rest'))('%s', (name) => {
  it.each([
    ['status=UNAVAILABLE message="try later"', '503', /^try later$/],
    ['not-ready', '503', /not ready/],
    ['hang', 'error', /time ?out|timed out|deadline/i],
    ['half-open', 'error', /time ?out|timed out|deadline/i],
    ['invalid-message', 'error', /JSON|expecting value/i],
    ['partial-answer', 'error', /EOF|terminated|broken/i],
    ['reset', 'error', /reset/i],
    ['explode', '400', /explode.*delay/],
  ])('sees of %s that the call ends with %s, and is answered the next time', async (fault, status, says) => {
    const client = clientOf(name);
    const struck = await client.call({ fault, deadlineMs });
    expect(struck).toMatchObject({ status, message: expect.stringMatching(says) });
    expect(await client.call({ deadlineMs: 10_000 })).toMatchObject({ status: '200' });
  });
});

describe('a server that refuses connections', () => {
  it.each(Object.keys(clients))('is refused to %s at once, and found again', async (name) => {
    const client = clientOf(name);
    await server.add([{ kind: 'refuse' }]);
    try {
      const refused = await client.call({ deadlineMs: 10_000 });
      expect(refused.status).toBe(clients[name].transport === 'grpc' ? 'UNAVAILABLE' : 'error');
      expect(refused.ms).toBeLessThan(5_000);
    } finally {
      await server.clear();
    }
    // Clients wait before they connect again, and fail calls meanwhile.
    await expect
      .poll(async () => (await client.call({ deadlineMs: 10_000 })).status, { timeout: 30_000, interval: 100 })
      .toMatch(/^(OK|200)$/);
  });
});

describe('docs/fault-clients.md', () => {
  const page = readFileSync(new URL('docs/fault-clients.md', root), 'utf8');

  it('has every trial, and the clients in the versions that are prepared', () => {
    for (const { fault } of trials) expect(page).toContain(`\`${fault}\``);
    // Node is whichever this machine has.
    for (const { title } of connected.values()) expect(page).toContain(title.replace(/(?<=of Node ).*/, ''));
  });

  it('has every fault, or says why it is not there', () => {
    expect(faultKindNames.filter((kind) => !new RegExp(`\`${kind}[\`= ]`).test(page))).toEqual([]);
  });
});
