import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, errorAnswerOf } from './json-schemas.js';
import { type Sandbox, sandbox } from './run-cli.js';

/** What this machine's Node can be made into an image with. */
const assembles = process.platform === 'linux';

describe.runIf(assembles)('image save, with no engine anywhere', () => {
  let box: Sandbox;
  let path: string;
  beforeAll(() => {
    box = sandbox();
    path = join(box.directory, 'image.tar');
    writeFileSync(join(box.directory, 'kserve-env.yaml'), 'image: {source: host}\n');
  });
  afterAll(() => box[Symbol.dispose]());

  it('writes the archive under its name, whole, and nothing beside it', async () => {
    const { code, answer } = await box.json(['image', 'save', '--output', 'image.tar']);
    expect(answerOf('image save', 'ok').safeParse(answer).error).toBeUndefined();
    expect({ code, data: answer.data }).toMatchObject({ code: 0, data: { path, bytes: statSync(path).size } });
    expect(readFileSync(path).subarray(0, 13).toString()).toBe('manifest.json');
    expect(readdirSync(box.directory).filter((name) => name.startsWith('image.tar'))).toEqual(['image.tar']);
  });

  it('does not replace a file, unless it is told to, and then makes the same again', async () => {
    const before = readFileSync(path);
    const refused = await box.json(['image', 'save', '--output', path]);
    expect(refused).toMatchObject({ code: 2, answer: { error: { code: 'FILE_EXISTS', hint: '--force replaces it' } } });
    expect((await box.run(['image', 'save', '--output', path, '--force'])).code).toBe(0);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('says where it cannot be written', async () => {
    const { code, answer } = await box.json(['image', 'save', '--output', 'absent/image.tar']);
    expect({ code, error: answer.error?.code }).toEqual({ code: 2, error: 'FILE_NOT_WRITTEN' });
  });

  it('does not mix the archive with JSON', async () => {
    const result = await box.json(['image', 'save']);
    expect(errorAnswerOf('image').safeParse(result.answer).error).toBeUndefined();
    expect(result).toMatchObject({ code: 2, answer: { error: { code: 'USAGE' } } });
  });

  it('makes an archive that image load needs an engine for', async () => {
    const { code, answer } = await box.json(['image', 'load', path]);
    expect({ code, error: answer.error?.code }).toEqual({ code: 5, error: 'ENGINE_UNREACHABLE' });
  });
});

describe('image', () => {
  it.each([
    { args: ['image', 'load'], hint: /image load FILE/ },
    { args: ['image', 'save', 'file.tar'], hint: /--output file\.tar/ },
    { args: ['image', 'list', 'file.tar'], hint: /--help/ },
    { args: ['image', 'list', '--force'], hint: /--help/ },
    { args: ['image', 'throw'], hint: /--help/ },
    { args: ['image', 'load', 'absent.tar'], hint: /image save/ },
  ])('$args is a usage error with what to do', async ({ args, hint }) => {
    using box = sandbox();
    const { code, answer } = await box.json(args);
    expect({ code, error: answer.error }).toMatchObject({
      code: 2,
      error: { code: 'USAGE', hint: expect.stringMatching(hint) },
    });
  });

  it('is never of a directory', async () => {
    using box = sandbox();
    const { answer } = await box.json(['image', 'load', box.directory]);
    expect(answer.error?.message).toBe(`${box.directory} is a directory, not an archive`);
  });
});

describe('pull, where nothing runs images', () => {
  it('says that none is needed', async () => {
    using box = sandbox();
    const { stdout, code } = await box.run(['pull']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^No image is needed with local process/);
  });
});
