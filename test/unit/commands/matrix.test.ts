import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SuiteName } from '../../../src/checks/case.js';
import type { MatrixReport } from '../../../src/checks/report/matrix.js';
import { commandContext } from '../../../src/commands/context.js';
import { type MatrixOptions, type MatrixServer, matrix } from '../../../src/commands/matrix.js';
import type { ModelConfig } from '../../../src/models/kinds.js';
import { allModels, type Served, scaler, serve } from '../checks/served.js';

/** A port that nothing listens on: reserved, and never given out. */
const nowhere = 'grpc://127.0.0.1:1';

const addresses = ({ grpc, http }: Served) => ({ grpc: `grpc://${grpc}`, http });
const statuses = ({ rows }: MatrixReport, server: number) => rows.map(({ cells }) => cells[server]?.status);

describe('matrix', () => {
  let right: Served;
  let wrong: Served;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'kserve-env-matrix-'));
    right = await serve(scaler);
    // Three where two was promised.
    wrong = await serve(scaler.map((model) => ({ ...model, factor: 3 }) as ModelConfig));
  });
  afterAll(async () => {
    await right[Symbol.asyncDispose]();
    await wrong[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  const two = (): MatrixServer[] => [
    { name: 'right', ...addresses(right) },
    { name: 'wrong', ...addresses(wrong) },
  ];
  const run = (options: MatrixOptions, progress: string[] = []) => {
    const context = commandContext({ cwd: directory, env: { KSERVE_ENV_STATE_DIR: directory } });
    const note = (text: string) => void progress.push(text);
    return matrix(options, { ...context, progress: { ...context.progress, note } });
  };
  const suites: SuiteName[] = ['health', 'metadata', 'infer'];

  it('has a column a server, and a row for every case of any of them', async () => {
    const expectations = [{ mathematics: { kind: 'scale', factor: 2 } as const }];
    const { data, failure } = await run({ servers: two(), suites, expectations });
    expect(failure).toBeUndefined();
    expect(data.servers).toMatchObject([
      { name: 'right', server: { name: 'kserve-env', models: ['simple_scaler'] }, summary: { failed: 0 } },
      { name: 'wrong', summary: { failed: expect.any(Number) } },
    ]);
    expect(new Set(statuses(data, 0))).toEqual(new Set(['passed']));
    expect(statuses(data, 1)).toContain('failed');
    const order = data.rows.map(({ suite }) => suite);
    expect([...new Set(order)]).toEqual(suites);
    expect(data.suites.map(({ name }) => name)).toEqual(suites);
    const failed = data.rows.find(({ cells }) => cells[1]?.status === 'failed');
    expect(failed?.cells[1]).toMatchObject({ message: expect.any(String), exchanges: expect.any(Array) });
  });

  it('takes what a model computes of one server alone', async () => {
    const expectations = [{ server: 'wrong', mathematics: { kind: 'scale', factor: 3 } as const }];
    const { data } = await run({ servers: two(), suites: ['infer'], expectations });
    expect(statuses(data, 1)).not.toContain('failed');
  });

  it('ends with a failure where a server that must not fail does, and not where another does', async () => {
    const expectations = [{ mathematics: { kind: 'scale', factor: 2 } as const }];
    const options = { servers: two(), suites: ['infer'] as SuiteName[], expectations };
    const { failure } = await run({ ...options, failOn: ['right', 'wrong'] });
    expect(failure).toMatchObject({ code: 'SMOKE_FAILED', exitCode: 9, details: { server: 'wrong' } });
    expect(failure?.message).toMatch(/^\d+ of \d+ checks failed on wrong; first: /);
    expect((await run({ ...options, failOn: ['right'] })).failure).toBeUndefined();
  });

  it('shows the others where one does not answer, and fails as health would', async () => {
    const notes: string[] = [];
    const servers = [{ name: 'gone', grpc: nowhere }, ...two()];
    const { data, failure } = await run({ servers, suites: ['health'] }, notes);
    expect(failure).toMatchObject({ code: 'SERVER_REFUSED', exitCode: 4, details: { server: 'gone' } });
    expect(failure?.message).toMatch(/^gone: UNAVAILABLE/);
    expect(data.servers[0]).toMatchObject({ name: 'gone', error: { code: 'SERVER_REFUSED' } });
    expect(new Set(statuses(data, 0))).toEqual(new Set(['absent']));
    expect(data.rows[0]?.cells[0]?.message).toBe('the server could not be checked');
    expect(new Set(statuses(data, 1))).toEqual(new Set(['passed']));
    expect(notes).toEqual([expect.stringMatching(/^gone: UNAVAILABLE/)]);
  });

  it('has a column for an environment that does not run', async () => {
    const servers = [{ name: 'mine' }, ...two().slice(0, 1)];
    const flags = { name: 'no-such-environment', engine: 'process' };
    const { data, failure } = await run({ servers, suites: ['health'], flags });
    expect(failure).toMatchObject({ code: 'NOT_RUNNING', exitCode: 3 });
    expect(data.servers[0]).toMatchObject({ name: 'mine', endpoints: {}, error: { code: 'NOT_RUNNING' } });
    expect(statuses(data, 1)).toContain('passed');
  });

  it('says of a case that a server does not have why', async () => {
    await using more = await serve(allModels.filter(({ name }) => ['simple_scaler', 'simple_sum'].includes(name)));
    const servers = [...two().slice(0, 1), { name: 'more', ...addresses(more) }];
    const { data } = await run({ servers, suites: ['infer'] });
    const absent = data.rows.filter(({ cells }) => cells[0]?.status === 'absent');
    expect(absent.length).toBeGreaterThan(0);
    expect(new Set(absent.map(({ cells }) => cells[0]?.message))).toContain('it has no model simple_sum');
    // Beside its sisters of the same suite, and not behind all of them.
    expect(data.suites[0]?.counts).toMatchObject([{ absent: absent.length }, { absent: 0 }]);
  });

  it('is a failure where there is no case', async () => {
    const { failure } = await run({ servers: two(), cases: ['infer/no-such-case'] });
    expect(failure).toMatchObject({ code: 'SMOKE_EMPTY', exitCode: 9 });
  });

  it('writes itself in Markdown', async () => {
    await run({ servers: two(), suites: ['health'], markdown: 'reports/matrix.md' });
    const text = readFileSync(join(directory, 'reports/matrix.md'), 'utf8');
    expect(text).toContain('| suite | right | wrong |');
    expect(text).toContain('| health | ');
  });

  it.each<{ what: string; options: MatrixOptions; says: RegExp }>([
    { what: 'a server that must not fail and is not there', options: { failOn: ['nobody'] }, says: /"nobody" is none/ },
    { what: 'certificates where no server has TLS', options: { insecure: true }, says: /--insecure means nothing/ },
    { what: 'a file that has no place', options: { markdown: '.' }, says: /is a directory/ },
    { what: 'a header that is none', options: { headers: ['oops'] }, says: /expected 'name: value'/ },
  ])('refuses $what before any server is asked', async ({ options, says }) => {
    const call = run({ servers: [{ name: 'gone', grpc: nowhere }], ...options });
    await expect(call).rejects.toThrow(says);
    await expect(run({ servers: [{ name: 'gone', grpc: nowhere }], ...options })).rejects.toMatchObject({
      exitCode: 2,
    });
  });

  it('sends the token to every server that is given by its address, and shows it nowhere', async () => {
    const token = 'tKkR93';
    const got = new Set<string | undefined>();
    // It gives back what it was sent, as some gateways do.
    const server = createServer(({ headers }, response) => {
      got.add(headers.authorization);
      response.writeHead(500).end(JSON.stringify({ error: `who is ${headers.authorization}?` }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const servers = ['one', 'two'].map((name) => ({ name, http: `http://127.0.0.1:${port}` }));
      const { data } = await run({ servers, suites: ['health'], token });
      expect(got).toEqual(new Set([`Bearer ${token}`]));
      expect(JSON.stringify(data)).toContain('***');
      expect(JSON.stringify(data)).not.toContain(token);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('is given up when it is interrupted', async () => {
    const reason = new Error('stop');
    const context = commandContext({ cwd: directory, signal: AbortSignal.abort(reason) });
    await expect(matrix({ servers: two() }, context)).rejects.toThrow(reason);
  });
});
