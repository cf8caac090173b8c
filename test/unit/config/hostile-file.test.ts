import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
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

it('a config without a word is the default one', async () => {
  for (const content of ['', '# nothing\n', '~', '---\n']) {
    using space = workspace(content);
    expect((await loadConfig({ cwd: space.directory, env: {}, flags: {} })).config.version).toBe(1);
  }
});
