import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, dataOf, errorAnswerOf, logLine, type Verb } from './json-schemas.js';
import { type CliResult, type Sandbox, sandbox } from './run-cli.js';

/** The one document on stdout; anything beside it is an error. */
function document({ stdout }: CliResult): unknown {
  expect(stdout.endsWith('}\n')).toBe(true);
  return JSON.parse(stdout);
}

describe('--json of every verb, of an environment that runs', () => {
  let box: Sandbox;
  let endpoints: string[];
  let first: CliResult;
  beforeAll(async () => {
    box = sandbox();
    first = await box.run(['up', '--smoke', '--json', '--verbose']);
    const { grpc, http } = (document(first) as { data: { endpoints: { grpc: string; http: string } } }).data.endpoints;
    endpoints = ['--endpoint', grpc, '--rest-url', http];
  });
  afterAll(async () => {
    await box.run(['down']);
    box[Symbol.dispose]();
  });

  it('up is as its schema says, and its progress is on stderr', () => {
    expect(first.code).toBe(0);
    expect(answerOf('up', 'ok').safeParse(document(first)).error).toBeUndefined();
    expect(first.stderr).toContain('✔ Smoke checks');
  });

  it.each<{ verb: Verb; args: string[] }>([
    { verb: 'up', args: ['up'] },
    { verb: 'up --dry-run', args: ['up', '--dry-run'] },
    { verb: 'pull', args: ['pull'] },
    { verb: 'status', args: ['status'] },
    { verb: 'status', args: ['status', '--exit-code'] },
    { verb: 'health', args: ['health'] },
    { verb: 'health', args: ['health', '--wait', '-m', 'identity'] },
    { verb: 'infer', args: ['infer', 'simple_scaler', '1', '-2.5'] },
    { verb: 'infer', args: ['infer', 'identity', '-d', 'BYTES', 'a', 'b'] },
    { verb: 'infer', args: ['infer', 'identity', '-d', 'BOOL', 'true', '--raw'] },
    { verb: 'smoke', args: ['smoke', '--suite', 'health'] },
    { verb: 'smoke --list', args: ['smoke', '--list'] },
    { verb: 'matrix', args: ['matrix', '--suite', 'health'] },
    { verb: 'fault add', args: ['fault', 'add', 'delay=1ms', 'jitter=1ms', '--percent', '50', '--for', '60s'] },
    { verb: 'fault list', args: ['fault', 'list'] },
    { verb: 'status', args: ['status'] },
    { verb: 'fault add', args: ['fault', 'add', 'pause', '--for', '10ms'] },
    { verb: 'fault run', args: ['fault', 'run', 'not-ready-then-ready', '--speed', '100'] },
    { verb: 'fault run', args: ['fault', 'run', 'flapping', '--dry-run'] },
    { verb: 'fault clear', args: ['fault', 'clear'] },
    { verb: 'fault clear', args: ['fault', 'clear', '99'] },
    { verb: 'fault kinds', args: ['fault', 'kinds'] },
    { verb: 'fault scenarios', args: ['fault', 'scenarios'] },
    { verb: 'logs', args: ['logs'] },
    { verb: 'logs', args: ['logs', '--tail', '1'] },
    { verb: 'env', args: ['env'] },
    { verb: 'env', args: ['env', '--unset', '--format', 'json'] },
    { verb: 'init', args: ['init', '--stdout'] },
    { verb: 'timings', args: ['timings'] },
    { verb: 'timings', args: ['timings', '--all', '--limit', '1', '--markdown'] },
    { verb: 'completion', args: ['completion', 'fish'] },
    { verb: 'ls', args: ['ls'] },
    { verb: 'down', args: ['down', '--dry-run'] },
    { verb: 'down', args: ['down', '--all', '--dry-run'] },
    { verb: 'down', args: ['down', '--dry-run', '--rmi'] },
  ])('$args answers as the schema of $verb says, alone on stdout', async ({ verb, args }) => {
    for (const more of [[], ['--verbose']]) {
      const result = await box.run([...args, '--json', ...more]);
      expect(result.code).toBe(0);
      expect(answerOf(verb, 'ok').safeParse(document(result)).error).toBeUndefined();
      expect(result.stdout.match(/"schemaVersion"/g)).toHaveLength(1);
    }
  });

  it.each<{ verb: Verb; args: () => string[]; code: number; error: string }>([
    { verb: 'up', args: () => ['up', '--budget', '1ms'], code: 10, error: 'OVER_BUDGET' },
    { verb: 'health', args: () => ['health', '-m', 'no_such_model'], code: 4, error: 'NOT_READY' },
  ])('$verb with a failure has its data and the error', async ({ verb, args, code, error }) => {
    const result = await box.run([...args(), '--json']);
    const answer = document(result);
    expect(answerOf(verb, 'error').safeParse(answer).error).toBeUndefined();
    expect({ code: result.code, answer }).toMatchObject({ code, answer: { error: { code: error } } });
  });

  it('any server is answered about in the same form', async () => {
    for (const [verb, ...args] of [['health'], ['smoke', '--suite', 'health'], ['infer', 'identity', '1']] as [
      Verb,
      ...string[],
    ][]) {
      const result = await box.run([verb, ...args, ...endpoints, '--json']);
      expect(answerOf(verb, 'ok').safeParse(document(result)).error).toBeUndefined();
    }
  });

  it.each([
    { args: ['infer', 'no_such_model', '1'], code: 'SERVER_REFUSED' },
    { args: ['infer', 'simple_scaler', 'one'], code: 'USAGE' },
    { args: ['infer', 'simple_scaler'], code: 'USAGE' },
  ])('$args that is refused is an error of the same form', async ({ args, code }) => {
    const result = await box.run([...args, '--json', '--verbose']);
    const answer = document(result);
    expect(errorAnswerOf('infer').safeParse(answer).error).toBeUndefined();
    expect({ exit: result.code, answer }).toMatchObject({ exit: 2, answer: { error: { code } } });
    expect(result.stdout).not.toMatch(/^\s+at /m);
  });

  it('logs --follow is one JSON object a line', async () => {
    const { child, sees, done } = box.start(['logs', '--follow', '--json', '--tail', '2']);
    await sees('"line"');
    child.kill('SIGINT');
    const { stdout, stderr } = await done;
    const lines = stdout.trimEnd().split('\n');
    for (const line of lines) expect(logLine.safeParse(JSON.parse(line)).error).toBeUndefined();
    expect(stderr).toBe('');
  });
});

describe('--json where nothing runs', () => {
  it.each([
    ['infer', 'simple_scaler', '1'],
    ['smoke'],
    ['health'],
    ['logs'],
    ['env'],
    ['fault', 'list'],
    ['fault', 'clear'],
  ])('%s is an error with what to do', async (...args) => {
    using box = sandbox();
    const result = await box.run([...args, '--json']);
    const answer = document(result);
    expect(errorAnswerOf(args[0] ?? '').safeParse(answer).error).toBeUndefined();
    expect(answer).toMatchObject({ error: { code: 'NOT_RUNNING', hint: 'kserve-env up' } });
    expect(result).toMatchObject({ code: 3, stderr: '' });
  });

  it('logs --follow is an error on one line', async () => {
    using box = sandbox();
    const { stdout } = await box.run(['logs', '--follow', '--json']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(errorAnswerOf('logs').safeParse(JSON.parse(stdout)).error).toBeUndefined();
  });

  it('status and down are answers', async () => {
    using box = sandbox();
    for (const verb of ['status', 'down'] as const) {
      expect(answerOf(verb, 'ok').safeParse(document(await box.run([verb, '--json']))).error).toBeUndefined();
    }
    const absent = document(await box.run(['status', '--exit-code', '--json']));
    expect(answerOf('status', 'error').safeParse(absent).error).toBeUndefined();
  });

  it('init names what it wrote, and refuses to write it twice', async () => {
    using box = sandbox();
    const written = document(await box.run(['init', '--json']));
    expect(answerOf('init', 'ok').safeParse(written).error).toBeUndefined();
    const again = document(await box.run(['init', '--json']));
    expect(errorAnswerOf('init').safeParse(again).error).toBeUndefined();
    expect(again).toMatchObject({ error: { code: 'FILE_EXISTS' } });
  });

  it('a broken config is an error with every problem in its details', async () => {
    using box = sandbox();
    writeFileSync(`${box.directory}/kserve-env.yaml`, 'engin: docker\nbudget: soon\n');
    for (const args of [['up'], ['up', '--dry-run'], ['serve']]) {
      const result = await box.run([...args, '--json', '--verbose']);
      const answer = document(result);
      expect(errorAnswerOf(args[0] ?? '').safeParse(answer).error).toBeUndefined();
      expect({ code: result.code, answer }).toMatchObject({
        code: 2,
        answer: { error: { code: 'CONFIG_INVALID', details: { problems: [{ line: 1 }, { line: 2 }] } } },
      });
    }
  });

  it('a bad name given by flag is an error, not a guess', async () => {
    using box = sandbox();
    writeFileSync(`${box.directory}/kserve-env.yaml`, '- a list');
    const answer = document(await box.run(['down', '--name', 'No Name', '--json']));
    expect(errorAnswerOf('down').safeParse(answer).error).toBeUndefined();
    expect(answer).toMatchObject({ error: { details: { problems: [{ source: '--name' }] } } });
  });
});

it('every verb that answers --json has a schema', async () => {
  using box = sandbox();
  const { stdout } = await box.run(['complete', '--', '']);
  const verbs = stdout.split('\n').flatMap((line) => (line.includes('\t') ? (line.split('\t')[0] ?? []) : []));
  const known = Object.keys(dataOf).map((verb) => verb.split(' ')[0] ?? '');
  // `serve` answers as a stream, and `help` not at all.
  expect(verbs.filter((verb) => !known.includes(verb))).toEqual(['serve', 'help']);
});

describe('--json of a usage error', () => {
  it.each([
    { args: ['status', '--wat', '--json'], command: 'status' },
    { args: ['status', '--json', '--wat'], command: 'status' },
    { args: ['--json', 'status', '--wat'], command: expect.any(String) },
    { args: ['upp', '--json'], command: 'upp' },
    { args: ['infer', '--json'], command: 'infer' },
    { args: ['logs', '--tail', 'some', '--json'], command: 'logs' },
    { args: ['health', '--timeout', '10', '--json'], command: 'health' },
    { args: ['env', '--format', 'toml', '--json'], command: 'env' },
    { args: ['up', '--progress', 'loud', '--json'], command: 'up' },
    { args: ['down', 'everything', '--json'], command: 'down' },
    { args: ['--json'], command: expect.any(String) },
  ])('$args is one error on stdout and nothing on stderr', async ({ args, command }) => {
    using box = sandbox();
    const result = await box.run(args);
    const answer = document(result) as { command: string };
    expect(errorAnswerOf(answer.command).safeParse(answer).error).toBeUndefined();
    expect({ ...result, answer }).toMatchObject({ code: 2, stderr: '', answer: { command, error: { code: 'USAGE' } } });
  });
});
