/** What is said of a model's files before anything starts. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, realpathSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { type ReadOptions, readModelFiles } from '../../../src/config/model-files.js';
import { findOnnxRuntime, OnnxRuntimeMissingError } from '../../../src/config/onnx-runtime.js';
import { type Workspace, workspace } from './workspace.js';

let space: Workspace;
beforeEach(() => {
  space = workspace();
});
afterEach(() => space[Symbol.dispose]());

const moduleAt = (path: string) => `models:\n  - name: m\n    kind: module\n    path: ${path}\n`;
const onnxAt = (path: string, more = '') => `models:\n  - name: m\n    kind: onnx\n    path: ${path}\n${more}`;

async function read(config: string, options: Partial<ReadOptions> = {}) {
  space.write('kserve-env.yaml', config);
  const loaded = await loadConfig({ cwd: space.directory, env: {}, flags: {} });
  return await readModelFiles(loaded, { byAnybody: false, cwd: space.directory, ...options });
}

const problem = (expected: string | RegExp, got: string | RegExp, line = 4) =>
  expect.objectContaining({
    code: 'CONFIG_INVALID',
    exitCode: 2,
    problems: [
      expect.objectContaining({
        source: 'kserve-env.yaml',
        line,
        expected: expect.stringMatching(expected),
        got: expect.stringMatching(got),
      }),
    ],
  });

describe('A model’s file', () => {
  it('is found from the directory of the config, and has a place in a container', async () => {
    const source = space.write('models/double.mjs', 'export {}');
    const config = `${moduleAt('models/double.mjs')}  - {name: other, kind: scale}\n  - {name: n, kind: module, path: ${source}}\n`;
    expect(await read(config)).toEqual({
      files: [
        { source, target: '/models/0/double.mjs', digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
        { source, target: '/models/2/double.mjs', digest: expect.stringMatching(/^sha256:/) },
      ],
      models: [
        expect.objectContaining({ name: 'm', path: '/models/0/double.mjs' }),
        expect.objectContaining({ name: 'other' }),
        expect.objectContaining({ name: 'n', path: '/models/2/double.mjs' }),
      ],
    });
  });

  it('is what a link leads to', async () => {
    const source = space.write('real.mjs', 'export {}');
    symlinkSync('real.mjs', `${space.directory}/link.mjs`);
    expect((await read(moduleAt('link.mjs'))).files).toMatchObject([{ source, target: '/models/0/real.mjs' }]);
  });

  it('has a digest of its content alone', async () => {
    const digest = async (text: string) => {
      space.write('m.mjs', text);
      return (await read(moduleAt('m.mjs'))).files[0]?.digest;
    };
    const before = await digest('1');
    expect(await digest('2')).not.toBe(before);
    expect(await digest('1')).toBe(before);
  });

  it('may be a directory, whose digest is that of all in it: names, contents and where links lead', async () => {
    space.write('model/index.mjs', 'export {}');
    space.write('model/lib/a.mjs', '1');
    const digest = async () => (await read(moduleAt('model'))).files[0]?.digest;
    const digests = [await digest()];
    space.write('model/lib/a.mjs', '2');
    digests.push(await digest());
    symlinkSync('a.mjs', `${space.directory}/model/lib/b.mjs`);
    digests.push(await digest());
    rmSync(`${space.directory}/model/lib/b.mjs`);
    symlinkSync('c.mjs', `${space.directory}/model/lib/b.mjs`);
    digests.push(await digest());
    // What nobody can read to its end is not opened.
    execFileSync('mkfifo', [`${space.directory}/model/fifo`]);
    digests.push(await digest());
    mkdirSync(`${space.directory}/model/empty`);
    digests.push(await digest());
    expect(new Set(digests).size).toBe(6);
  });
});

describe('What cannot be served is refused with file and line:', () => {
  it.each<[string, string, () => void, string | RegExp, string | RegExp]>([
    [
      'nothing there',
      moduleAt('absent.mjs'),
      () => {},
      'a JavaScript file or a directory with one',
      /^nothing at \/.*absent\.mjs$/,
    ],
    [
      'a link to nothing',
      onnxAt('l.onnx'),
      () => symlinkSync('gone', `${space.directory}/l.onnx`),
      'an ONNX file',
      /^nothing at/,
    ],
    [
      'links in a circle',
      onnxAt('l.onnx'),
      () => symlinkSync('l.onnx', `${space.directory}/l.onnx`),
      'an ONNX file',
      'ELOOP',
    ],
    ['a file as a directory', moduleAt('kserve-env.yaml/m.mjs'), () => {}, 'a JavaScript file', 'ENOTDIR'],
    [
      'a FIFO',
      onnxAt('f.onnx'),
      () => execFileSync('mkfifo', [`${space.directory}/f.onnx`]),
      'an ONNX file',
      /^the FIFO/,
    ],
    ['a device', onnxAt('/dev/zero'), () => {}, 'an ONNX file', 'the special file /dev/zero'],
    ['a directory for a file', onnxAt('.'), () => {}, 'an ONNX file', /^the directory/],
    ['a directory without a program', moduleAt('.'), () => {}, 'a directory with one', 'none of index.mjs, index.js'],
    ['another kind of file', moduleAt('m.py'), () => space.write('m.py', ''), /ends in \.mjs, \.js, \.cjs/, /m\.py"$/],
    ['a NUL', moduleAt('"a\\0b"'), () => {}, 'a path without NUL', 'a'],
    ['an empty path', moduleAt('""'), () => {}, 'a value of at least 1 characters', '""'],
    [
      'a file too large to be a model',
      onnxAt('big.onnx'),
      () => truncateSync(space.write('big.onnx', ''), 2 ** 31 + 1),
      'at most 2147483648 bytes',
      /more in .*big\.onnx$/,
    ],
  ])('%s', async (_case, config, prepare, expected, got) => {
    prepare();
    await expect(read(config)).rejects.toEqual(problem(expected, got));
  });

  it('a directory of too many files', async () => {
    space.write('model/index.mjs', '');
    execFileSync('sh', ['-c', 'cd model && seq 10001 | xargs touch'], { cwd: space.directory });
    await expect(read(moduleAt('model'))).rejects.toEqual(problem('at most 10000 files', /more in .*model$/));
  });

  it('all of them at once', async () => {
    const config = `${moduleAt('a.mjs')}  - {name: n, kind: module, path: b.mjs}\n`;
    await expect(read(config)).rejects.toMatchObject({ problems: [{ line: 4 }, { line: 5 }] });
  });
});

describe('For a container, which reads as a user of its own,', () => {
  const byAnybody = { byAnybody: true };

  it('a file that only its owner may read is refused, and a process takes it', async () => {
    chmodSync(space.write('m.mjs', ''), 0o600);
    await expect(read(moduleAt('m.mjs'), byAnybody)).rejects.toEqual(
      problem(/user 65532 can read: chmod o\+r \/.*m\.mjs$/, 'mode 0600'),
    );
    expect((await read(moduleAt('m.mjs'))).files).toHaveLength(1);
  });

  it.each([
    ['a directory', 'model/lib', 0o750, 'chmod o\\+rx .*model/lib$'],
    ['a file', 'model/index.mjs', 0o640, 'chmod o\\+r .*index.mjs$'],
  ])('%s inside the directory counts too', async (_what, name, mode, advice) => {
    space.write('model/index.mjs', '');
    space.write('model/lib/a.mjs', '');
    chmodSync(`${space.directory}/model`, 0o755);
    chmodSync(`${space.directory}/${name}`, mode);
    await expect(read(moduleAt('model'), byAnybody)).rejects.toEqual(problem(advice, /^mode 0\d{3}$/));
  });
});

describe('The ONNX runtime', () => {
  it('is found where it is installed, and has a place in a container', async () => {
    space.write('m.onnx', 'x');
    const { files, models } = await read(onnxAt('m.onnx'));
    expect(files).toMatchObject([
      { target: '/models/0/m.onnx' },
      { source: findOnnxRuntime(space.directory), target: '/runtime/0', digest: /^sha256:\w+ sha256:\w+$/ },
    ]);
    expect(models).toMatchObject([{ path: '/models/0/m.onnx', runtime: '/runtime/0' }]);
  });

  it('is one for all models, unless another is named', async () => {
    space.write('m.onnx', 'x');
    space.write('ort/ort.wasm.bundle.min.mjs', '');
    space.write('ort/ort-wasm-simd-threaded.wasm', '');
    const more = '  - {name: n, kind: onnx, path: m.onnx}\n  - {name: o, kind: onnx, path: m.onnx, runtime: ort}\n';
    const { files, models } = await read(onnxAt('m.onnx', more));
    expect(models).toMatchObject([{ runtime: '/runtime/0' }, { runtime: '/runtime/0' }, { runtime: '/runtime/1' }]);
    expect(files.filter(({ target }) => target.startsWith('/runtime/'))).toMatchObject([
      {},
      { source: `${space.directory}/ort`, target: '/runtime/1' },
    ]);
  });

  it('that is named must have its files', async () => {
    space.write('m.onnx', 'x');
    await expect(read(onnxAt('m.onnx', '    runtime: .\n'))).rejects.toEqual(
      problem('ort.wasm.bundle.min.mjs and ort-wasm-simd-threaded.wasm', '/', 5),
    );
  });

  it('that is missing is an error with the command that installs it', () => {
    const here = realpathSync(tmpdir());
    expect(new OnnxRuntimeMissingError('m', here, here)).toMatchObject({
      code: 'ONNX_RUNTIME_MISSING',
      exitCode: 2,
      hint: 'npm install onnxruntime-web@1',
    });
    expect(new OnnxRuntimeMissingError('m', '/a b', here).hint).toBe("npm install --prefix '/a b' onnxruntime-web@1");
  });
});
