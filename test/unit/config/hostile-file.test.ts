import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { ConfigError } from '../../../src/config/problems.js';
import { type Workspace, workspace } from './workspace.js';

const file = 'kserve-env.yaml';

async function refusal({ directory }: Workspace): Promise<ConfigError> {
  const error = await loadConfig({ cwd: directory, env: {}, flags: { config: file } }).catch((e: unknown) => e);
  if (!(error instanceof ConfigError)) throw error;
  for (const { source } of error.problems) expect(source).toBe(file);
  // It goes to a terminal, and as details into JSON.
  expect(error.message).not.toMatch(/[^\P{Cc}\n]/u);
  JSON.stringify(error.details);
  return error;
}

describe('what is no regular file is refused without opening it', () => {
  it.skipIf(process.platform === 'win32')('a FIFO, which would be waited for', async () => {
    using space = workspace();
    execFileSync('mkfifo', [`${space.directory}/${file}`]);
    expect((await refusal(space)).problems).toMatchObject([{ expected: 'a regular file', got: 'a special file' }]);
  });

  it('a directory', async () => {
    using space = workspace();
    mkdirSync(`${space.directory}/${file}`);
    expect((await refusal(space)).problems).toMatchObject([{ expected: 'a regular file', got: 'a directory' }]);
  });

  it.skipIf(process.platform === 'win32')('a device', async () => {
    using space = workspace();
    symlinkSync('/dev/zero', `${space.directory}/${file}`);
    expect((await refusal(space)).problems).toMatchObject([{ got: 'a special file' }]);
  });

  it('a loop of symbolic links', async () => {
    using space = workspace();
    symlinkSync('kserve-env.yaml', `${space.directory}/${file}`);
    expect((await refusal(space)).problems).toMatchObject([{ expected: 'a readable file', got: 'ELOOP' }]);
  });

  it('a gibibyte without content', async () => {
    using space = workspace('');
    truncateSync(`${space.directory}/${file}`, 2 ** 30);
    expect((await refusal(space)).problems).toMatchObject([{ got: '1073741824 bytes' }]);
  });

  it('nothing, where a file was named', async () => {
    using space = workspace();
    expect((await refusal(space)).problems).toMatchObject([{ got: 'nothing there' }]);
  });
});

/** An anchor of nine, nine times over, and so on: a few lines, and half a billion values. */
const aliasBomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
  .concat(Array.from({ length: 8 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`))
  .concat('models: *a8')
  .join('\n');

describe('hostile content is refused with file and reason', () => {
  it.each([
    { what: 'more than 1 MiB', content: '#'.repeat(1024 * 1024 + 1), got: '1048577 bytes' },
    { what: 'an alias bomb', content: aliasBomb, got: /[Ee]xcessive alias count/ },
    { what: 'an alias without its anchor', content: 'name: *nobody', got: /nobody/ },
    { what: 'a value that contains itself', content: 'models: &a [*a]', got: 'a value that contains itself' },
    { what: 'an unknown key that contains itself', content: 'a: &a {b: *a}', got: '"a"' },
    { what: 'nesting beyond any sense', content: `models: ${'['.repeat(200_000)}`, got: /nesting|call stack/ },
    { what: 'a __proto__ key', content: '__proto__: {engine: docker}', got: '"__proto__"' },
    { what: 'a __proto__ key inside', content: 'ports: {__proto__: {grpc: 1}}', got: '"__proto__"' },
    { what: 'a constructor key', content: 'constructor: {prototype: 1}', got: '"constructor"' },
    { what: 'a NUL', content: 'engine: docker\0', got: '"docker\\u0000"' },
    { what: 'an escape sequence for terminals', content: 'image: {reference: "a\\x1b[2Jb"}', got: '"a\\u001b[2Jb"' },
    { what: 'a newline in a name', content: 'name: "a\\nb"', got: '"a\\nb"' },
    { what: 'a path as the name of a model', content: 'models: [{name: ../../x, kind: sum}]', got: '"../../x"' },
    {
      what: 'an encoded path as the name of a model',
      content: 'models: [{name: "%2e%2e", kind: sum}]',
      got: '"%2e%2e"',
    },
    { what: 'a NUL in the path of a model', content: 'models: [{name: m, kind: module, path: "a\\0b"}]', got: /./ },
    { what: 'a name of a thousand letters', content: `name: ${'a'.repeat(1_000)}`, got: /^"a{56}\.\.\.$/ },
    { what: 'a path as a name', content: 'name: ../../etc', got: '"../../etc"' },
    { what: 'a key twice', content: 'engine: docker\nengine: process', got: /unique/ },
    { what: 'a list', content: '- engine: docker', got: '[{"engine":"docker"}]' },
    { what: 'a word', content: 'docker', got: '"docker"' },
    { what: 'a number', content: '5', got: '5' },
    { what: 'two documents', content: 'version: 1\n---\nversion: 1', got: /multiple documents/ },
    { what: 'bytes that are no text', content: Uint8Array.of(0x6e, 0x61, 0x6d, 0x65, 0x3a, 0x20, 0xff), got: /./ },
  ])('$what', async ({ content, got }) => {
    using space = workspace(content);
    const { problems } = await refusal(space);
    expect(problems[0]?.got).toEqual(typeof got === 'string' ? got : expect.stringMatching(got));
    expect(problems.length).toBeLessThanOrEqual(10);
    expect(({} as Record<string, unknown>).engine).toBeUndefined();
  });
});

it('a tag of a programming language is a word like any other', async () => {
  using space = workspace('name: !!js/function "x"');
  expect((await loadConfig({ cwd: space.directory, env: {}, flags: {} })).name).toBe('x');
});

it('a key that is no text is a problem with its line, and nothing that Node warns of', async () => {
  const warned: Error[] = [];
  const note = (warning: Error) => void warned.push(warning);
  process.on('warning', note);
  using space = workspace('? {a: 1}\n: 2\n');
  expect((await refusal(space)).problems).toMatchObject([{ line: 1, expected: 'a known key' }]);
  // A warning comes in the tick after.
  await new Promise(setImmediate);
  process.off('warning', note);
  expect(warned).toEqual([]);
});

it('a config without a word is the default one', async () => {
  for (const content of ['', '# nothing\n', '~', '---\n']) {
    using space = workspace(content);
    expect((await loadConfig({ cwd: space.directory, env: {}, flags: {} })).config.version).toBe(1);
  }
});

/** Names of things in the config, and what is special to YAML, to JavaScript, to shells and terminals. */
const words = fc.oneof(
  fc.constantFrom(
    'name',
    'engine',
    'models',
    'ports',
    'grpc',
    'image',
    'reference',
    'version',
    'timeout',
    'kind',
    'path',
  ),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '<<',
    '&a',
    '*a',
    '!!js',
    '---',
    '\u0000',
    '\n',
    '\u001b[2J',
  ),
  fc.constantFrom('../../etc/passwd', '/dev/zero', '$(id)', '`id`', '\ud800', '1e999', '.nan', '0x7fffffffffffffff'),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

/** It is a config, or it is refused as one; nothing else is thrown, and no object gets what it did not have. */
async function readsOrRefuses(content: string | Uint8Array): Promise<void> {
  using space = workspace(content);
  const outcome = await loadConfig({ cwd: space.directory, env: {}, flags: { config: file } }).catch((e: unknown) => e);
  if (outcome instanceof ConfigError) {
    expect(outcome.message).not.toMatch(/[^\P{Cc}\n]/u);
    for (const { source, expected } of outcome.problems) expect([source, typeof expected]).toEqual([file, 'string']);
  } else {
    expect(outcome).toMatchObject({ config: { version: 1 } });
  }
  expect(Object.keys(Object.prototype)).toEqual([]);
}

describe('whatever stands in the file, it is a config or refused as one:', () => {
  it('any bytes', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), readsOrRefuses), { numRuns: 300 });
  });

  it('any value with hostile words', async () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        words,
        fc.integer(),
        fc.boolean(),
        tie('map'),
        fc.array(tie('value'), { maxLength: 4 }),
      ),
      map: fc.array(fc.tuple(words, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    }));
    await fc.assert(
      fc.asyncProperty(value, async (one) => await readsOrRefuses(JSON.stringify(one) ?? '')),
      { numRuns: 300 },
    );
  });

  it('lines of hostile words', async () => {
    const line = fc.tuple(
      fc.constantFrom('', '  ', '- ', '\t'),
      words,
      fc.constantFrom(': ', ':', ' ', ': |', ': &a '),
      words,
    );
    const text = fc.array(line, { maxLength: 8 }).map((lines) => lines.map((parts) => parts.join('')).join('\n'));
    await fc.assert(fc.asyncProperty(text, readsOrRefuses), { numRuns: 300 });
  });
});

it.each(['a\nb', '../x', '\u001b[2J', 'a'.repeat(49), ' ', '-a', 'A'])(
  'a variable that names the environment %j is refused by its name',
  async (name) => {
    using space = workspace();
    const outcome = await loadConfig({ cwd: space.directory, env: { KSERVE_ENV_NAME: name }, flags: {} }).catch(
      (e) => e,
    );
    expect(outcome).toBeInstanceOf(ConfigError);
    expect((outcome as ConfigError).problems).toMatchObject([{ source: 'KSERVE_ENV_NAME' }]);
    expect((outcome as ConfigError).message).not.toMatch(/[^\P{Cc}\n]/u);
  },
);
