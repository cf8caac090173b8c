import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { dataOf } from './json-schemas.js';
import { type Sandbox, sandbox } from './run-cli.js';

/** `data` of `matrix --json` where a server is not there, whose address stands as it was given. */
const { servers } = dataOf.matrix.shape;
const matrix = dataOf.matrix.extend({
  servers: z.array(
    servers.element.extend({ endpoints: z.strictObject({ grpc: z.string(), http: z.string() }).partial() }),
  ),
});

/** Nothing listens there. */
const nobody = 'gone=grpc://127.0.0.1:1';

describe('matrix', () => {
  let box: Sandbox;
  let same: string;
  beforeAll(async () => {
    box = sandbox();
    const { answer } = await box.json(['up', '--engine', 'process']);
    const { grpc, http } = answer.data.endpoints;
    same = `same=grpc://${grpc},${http}`;
  });
  afterAll(async () => {
    await box.run(['down']);
    box[Symbol.dispose]();
  });
  const quick = ['--suite', 'health,metadata'];

  it('shows the environment beside a server, and exits with 0', async () => {
    const { code, stdout, stderr } = await box.run(['matrix', '--server', 'mine', '--server', same, ...quick]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^mine +kserve-env \S+ +127\.0\.0\.1:\d+, http:/);
    expect(stdout).toMatch(/^ {2}mine {2}same {2}health$/m);
    expect(stdout).toMatch(/^ {2}✔ {5}✔ {5}\d+ cases alike$/m);
    expect(stderr).toContain('mine: ');
    expect(stderr.indexOf('mine: ')).toBeLessThan(stderr.indexOf('same: '));
  });

  it('is the environment alone without a server', async () => {
    const { code, answer } = await box.json(['matrix', ...quick]);
    expect(code).toBe(0);
    expect(answer.data.servers).toMatchObject([{ name: 'environment', summary: { failed: 0 } }]);
  });

  it('answers in JSON as its schema says, a server that is not there included', async () => {
    const { code, answer } = await box.json(['matrix', '--server', nobody, '--server', same, ...quick]);
    expect(code).toBe(4);
    expect(answer).toMatchObject({ command: 'matrix', status: 'error', error: { code: 'SERVER_REFUSED' } });
    expect(answer.error?.message).toMatch(/^gone: UNAVAILABLE/);
    expect(matrix.safeParse(answer.data).error).toBeUndefined();
    expect(answer.data.rows.length).toBeGreaterThan(10);
  });

  it('fails where a case does on a server that must not, and writes the file all the same', async () => {
    const wrong = ['--case', 'infer/values/simple_scaler', '--expect', 'same:simple_scaler:scale=3'];
    const args = ['matrix', '--server', same, ...wrong, '--markdown', 'report.md'];
    expect((await box.run(args)).code).toBe(0);
    const { code, stderr } = await box.run([...args, '--fail-on', 'same']);
    expect(code).toBe(9);
    expect(stderr).toMatch(/checks failed on same; first: /);
    expect(readFileSync(join(box.directory, 'report.md'), 'utf8')).toMatch(/^\| infer \| .*✖ \|$/m);
  });

  it.each([
    { args: ['--server', 'a=127.0.0.1:1'], says: /expected grpc:\/\/host:port or http:\/\/host:port/ },
    { args: ['--server', 'a', '--server', 'b'], says: /both mean the environment/ },
    { args: ['--suite', 'nope'], says: /"nope" is no suite/ },
    { args: ['--expect', 'magic'], says: /says of no model what it computes/ },
    { args: ['--fail-on', 'nobody'], says: /"nobody" is none of the servers/ },
    { args: ['--timeout', 'soon'], says: /Expected a duration/ },
    { args: ['--server', nobody, '--markdown', '.'], says: /is a directory/ },
  ])('refuses $args, and asks nobody', async ({ args, says }) => {
    const { code, stderr, stdout } = await box.run(['matrix', ...args]);
    expect(stderr).toMatch(says);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('matrix where nothing runs', () => {
  it('says so as other verbs do, with the column of it', async () => {
    using box = sandbox();
    const { code, answer } = await box.json(['matrix', '--suite', 'health']);
    expect(code).toBe(3);
    expect(answer).toMatchObject({ error: { code: 'NOT_RUNNING' }, data: { servers: [{ name: 'environment' }] } });
  });
});
