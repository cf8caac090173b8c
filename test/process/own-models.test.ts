/** A user's own models through the command line, on a local process: from the file to the answer, and what goes wrong. */
import { execFileSync } from 'node:child_process';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, sandbox } from '../cli/run-cli.js';
import { onnxModel } from '../fakes/onnx-model.js';

const timesModule = (factor: number, more = '') => `
export const createModel = ({ name, version }) => ({
  inputs: [{ name: 'x', datatype: 'INT32', shape: [-1] }],
  outputs: [{ name: 'y', datatype: 'INT32', shape: [-1] }],
  predict([x]) { ${more} return [{ name: 'y', data: Array.from(x.data, (value) => value * ${factor}) }]; },
});
`;

const config = `
models:
  - {name: times, kind: module, path: model.mjs}
  - {name: mul, kind: onnx, path: mul.onnx}
`;

describe('A server with a module and an ONNX file', () => {
  let box: Sandbox;
  let rest: string;
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(box.directory, name), content);
  const infer = (...words: string[]) => box.json(['infer', ...words]);
  const up = async () => {
    const { code, answer } = await box.json(['up', '--smoke']);
    expect(answer.error).toBeNull();
    expect(code).toBe(0);
    rest = answer.data.endpoints.http;
    return answer.data;
  };

  beforeAll(async () => {
    box = sandbox();
    write('model.mjs', timesModule(3));
    write('mul.onnx', onnxModel());
    write('kserve-env.yaml', config);
    expect(await up()).toMatchObject({ models: ['times', 'mul'], smoke: { summary: { failed: 0, noted: 0 } } });
  });
  afterAll(async () => {
    await box.run(['down']);
    box[Symbol.dispose]();
  });

  it.each(['grpc', 'rest'])('computes over %s', async (transport) => {
    const over = transport === 'grpc' ? [] : ['--rest'];
    const times = await infer('times', '1', '-2', ...over);
    expect(times.answer.data.outputs).toEqual([{ name: 'y', datatype: 'INT32', shape: [2], data: [3, -6] }]);
    const mul = await infer('mul', '--tensor', 'a=1.5,2', '--tensor', 'b=4,0.25', ...over);
    expect(mul.answer.data.outputs).toEqual([{ name: 'c', datatype: 'FP64', shape: [2], data: [6, 0.5] }]);
  });

  it('is as it was where nothing has changed', async () => {
    expect((await box.json(['status'])).answer.data.drift).toEqual([]);
    expect(await up()).toMatchObject({ outcome: 'unchanged' });
  });

  it('loads a changed module anew when it is asked to, while the old one answers', async () => {
    write('model.mjs', timesModule(5));
    expect((await infer('times', '1')).answer.data.outputs[0].data).toEqual([3]);
    expect((await fetch(`${rest}/v2/repository/models/times/load`, { method: 'POST' })).status).toBe(200);
    expect((await infer('times', '1')).answer.data.outputs[0].data).toEqual([5]);
    write('model.mjs', 'export const createModel = 1');
    const failed = await fetch(`${rest}/v2/repository/models/times/load`, { method: 'POST' });
    expect(await failed.json()).toEqual({ error: expect.stringContaining('must export a function createModel') });
    expect((await infer('times', '1')).answer.data.outputs[0].data).toEqual([5]);
  });

  it('answers INTERNAL with an id for a wrong result, and its log names model, output and fact', async () => {
    write('model.mjs', timesModule(1, `if (x.data[0] === 7) return [{ name: 'y', data: [1.5] }];`));
    expect((await fetch(`${rest}/v2/repository/models/times/load`, { method: 'POST' })).status).toBe(200);
    const inputs = [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }];
    const body = JSON.stringify({ id: 'wrong-one', inputs });
    const answer = await fetch(`${rest}/v2/models/times/infer`, { method: 'POST', body });
    expect(answer.status).toBe(500);
    const told = 'The server failed; its log says more under request id wrong-one';
    expect(await answer.json()).toEqual({ error: told });
    const { stdout } = await box.run(['logs']);
    const line = stdout.split('\n').find((text) => text.includes('"wrong-one"')) ?? '';
    expect(JSON.parse(line.slice(line.indexOf('{')))).toMatchObject({
      model: 'times',
      error: expect.stringContaining('model "times" returned a wrong result: output "y": element 0 is 1.5'),
    });
  });

  it('is made anew by up after a file has changed', async () => {
    write('model.mjs', timesModule(9));
    expect((await box.json(['status'])).answer.data.drift).toEqual([
      expect.stringMatching(/^files\.\/models\/0\/model\.mjs\.digest: /),
    ]);
    expect(await up()).toMatchObject({ outcome: 'recreate' });
    expect((await infer('times', '1')).answer.data.outputs[0].data).toEqual([9]);
  });
});

describe('up with a model’s file that cannot be served', () => {
  const run = async (prepare: (directory: string) => void, path: string, ...flags: string[]) => {
    using box = sandbox();
    prepare(box.directory);
    writeFileSync(
      join(box.directory, 'kserve-env.yaml'),
      `models:\n  - name: m\n    kind: module\n    path: ${path}\n`,
    );
    const result = await box.json(['up', ...flags]);
    if (result.code === 0) await box.run(['down']);
    return result;
  };

  it.each([
    ['is missing', () => {}, 'nothing at'],
    ['is a FIFO', (directory: string) => execFileSync('mkfifo', [`${directory}/m.mjs`]), 'the FIFO'],
    ['links to nothing', (directory: string) => symlinkSync('gone', `${directory}/m.mjs`), 'nothing at'],
  ])('fails before anything starts where it %s', async (_case, prepare, got) => {
    const { code, answer } = await run(prepare, 'm.mjs');
    expect(code).toBe(2);
    expect(answer.error).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('kserve-env.yaml:4'),
    });
    expect(answer.error?.message).toContain(got);
  });

  it('takes a file that only its owner may read', async () => {
    const { code } = await run((directory) => {
      writeFileSync(`${directory}/m.mjs`, timesModule(1));
      chmodSync(`${directory}/m.mjs`, 0o600);
    }, 'm.mjs');
    expect(code).toBe(0);
  });

  it('fails with the reason where the module cannot be loaded', async () => {
    const { code, answer } = await run(
      (directory) => writeFileSync(`${directory}/m.mjs`, 'throw new Error("no weights")'),
      'm.mjs',
    );
    expect(code).toBe(4);
    expect(answer.error).toMatchObject({ code: 'MODEL_LOAD_FAILED', message: expect.stringContaining('no weights') });
  });

  it('says which command installs the ONNX runtime where it is missing', async () => {
    using box = sandbox();
    writeFileSync(join(box.directory, 'm.onnx'), onnxModel());
    writeFileSync(join(box.directory, 'kserve-env.yaml'), 'models: [{name: m, kind: onnx, path: m.onnx}]\n');
    // It is installed beside this checkout: hidden from the command that looks for it.
    const hide = join(box.directory, 'hide.cjs');
    writeFileSync(
      hide,
      `const { Module } = require('node:module');
       const resolve = Module._resolveFilename;
       Module._resolveFilename = (name, ...rest) => {
         if (name.startsWith('onnxruntime-web')) throw new Error('hidden');
         return resolve(name, ...rest);
       };`,
    );
    const { code, answer } = await box.json(['up'], { env: { NODE_OPTIONS: `--require ${hide}` } });
    expect(code).toBe(2);
    expect(answer.error).toMatchObject({ code: 'ONNX_RUNTIME_MISSING', hint: 'npm install onnxruntime-web@1' });
  });
});
