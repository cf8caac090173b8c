/** A user's own models in a container: no more of this machine than their files, and what happens where it does not suffice. */
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, sandbox } from '../cli/run-cli.js';
import { onnxModel } from '../fakes/onnx-model.js';
import { docker, dockerLeftOvers } from './docker-harness.js';

const moduleText = (factor: number) => `
import { factor } from './factor.mjs';
export const createModel = () => ({
  inputs: [{ name: 'x', datatype: 'FP64', shape: [-1] }],
  outputs: [{ name: 'y', datatype: 'FP64', shape: [-1] }],
  predict: ([x]) => [{ name: 'y', data: Array.from(x.data, (value) => value * factor * ${factor}) }],
});
`;

const config = (memoryMiB: number) => `
name: own-models-test
engine: docker
resources: {memoryMiB: ${memoryMiB}}
models:
  - {name: times, kind: module, path: times}
  - {name: mul, kind: onnx, path: mul.onnx}
`;

describe('A container with a module and an ONNX file', () => {
  let box: Sandbox;
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(box.directory, name), content);
  const valuesOf = async (...words: string[]) => {
    const { answer } = await box.json(['infer', ...words]);
    return answer.data?.outputs[0]?.data ?? answer.error;
  };

  beforeAll(async () => {
    box = sandbox({ docker: true });
    mkdirSync(join(box.directory, 'times'));
    write('times/factor.mjs', 'export const factor = 10;');
    write('times/index.mjs', moduleText(1));
    write('mul.onnx', onnxModel());
    write('kserve-env.yaml', config(256));
    const { code, answer } = await box.json(['up', '--smoke']);
    expect(answer.error).toBeNull();
    expect(code).toBe(0);
  });
  afterAll(async () => {
    await box.run(['down']);
    expect(await dockerLeftOvers('own-models-test')).toEqual([]);
    box[Symbol.dispose]();
  });

  it.each(['grpc', 'rest'])('computes over %s, with what the module imports', async (transport) => {
    const over = transport === 'grpc' ? [] : ['--rest'];
    expect(await valuesOf('times', '1', '2.5', ...over)).toEqual([10, 25]);
    expect(await valuesOf('mul', '--tensor', 'a=2,3', '--tensor', 'b=4,0.5', ...over)).toEqual([8, 1.5]);
  });

  it('cannot write to what it was given', async () => {
    const { Mounts } = await docker.getContainer('kserve-env-own-models-test').inspect();
    expect(Mounts.map(({ Destination, RW }) => [Destination, RW]).sort()).toEqual([
      ['/models/0/times', false],
      ['/models/1/mul.onnx', false],
      ['/runtime/0', false],
    ]);
  });

  it('loads what an editor has replaced in a directory, when it is asked to', async () => {
    write('times/next.mjs', moduleText(2));
    renameSync(join(box.directory, 'times/next.mjs'), join(box.directory, 'times/index.mjs'));
    const { answer } = await box.json(['status']);
    const load = `${answer.data.endpoints.http}/v2/repository/models/times/load`;
    expect((await fetch(load, { method: 'POST' })).status).toBe(200);
    expect(await valuesOf('times', '1')).toEqual([20]);
  });

  it('is made anew by up after a file has changed, and only then', async () => {
    const changed = await box.json(['up']);
    expect(changed.answer.data).toMatchObject({
      outcome: 'recreate',
      changes: [expect.stringMatching(/^files\.\/models\/0\/times\.digest/)],
    });
    expect((await box.json(['up'])).answer.data).toMatchObject({ outcome: 'unchanged', changes: [] });
  });

  it('is not made where its user could not read a file', async () => {
    chmodSync(join(box.directory, 'mul.onnx'), 0o600);
    const { code, answer } = await box.json(['up']);
    chmodSync(join(box.directory, 'mul.onnx'), 0o644);
    expect(code).toBe(2);
    expect(answer.error).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/kserve-env\.yaml:7 .*user 65532 can read: chmod o\+r .*mul\.onnx, got mode 0600/),
    });
  });

  it('says that its memory was too little for the ONNX runtime, and leaves nothing', async () => {
    write('kserve-env.yaml', config(64));
    const { code, answer } = await box.json(['up']);
    expect(code).toBe(8);
    expect(answer.error).toMatchObject({
      code: 'SERVER_EXITED',
      message: expect.stringContaining('out of memory'),
      hint: expect.stringContaining('resources.memoryMiB'),
    });
    expect(await dockerLeftOvers('own-models-test')).toEqual([]);
  });
});
