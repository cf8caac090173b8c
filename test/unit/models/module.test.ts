/** Modules as users write them: real files, imported by the server's own code. */
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createModel, modelConfigSchema } from '../../../src/models/kinds.js';
import type { Model } from '../../../src/models/model.js';
import type { ModelModule } from '../../../src/models/module-types.js';
import type { Tensor } from '../../../src/protocol/tensor.js';
import { type Workspace, workspace } from '../config/workspace.js';

let space: Workspace;
beforeEach(() => {
  space = workspace();
});
afterEach(() => space[Symbol.dispose]());

const load = async (path: string, declared: object = {}): Promise<Model> =>
  await createModel(modelConfigSchema.parse({ kind: 'module', name: 'm', path, ...declared }), { version: '7' });

/** A module whose model has one input x and one output y, both as declared, and this body of predict. */
const source = (predict: string, { x = 'FP64 [-1]', y = 'FP64 [-1]', more = '' } = {}) => {
  const tensor = (name: string, text: string) => {
    const [datatype, shape] = text.split(' ', 2);
    return `{ name: '${name}', datatype: '${datatype}', shape: ${shape} }`;
  };
  return `export const createModel = (context) => ({
    inputs: [${tensor('x', x)}], outputs: [${tensor('y', y)}], ${more}
    predict([x], parameters) { ${predict} },
  });`;
};
const fp64 = (...values: number[]): Tensor => {
  return { name: 'x', datatype: 'FP64', shape: [values.length], data: Float64Array.from(values) };
};
const answer = async (text: string, inputs: Tensor[] = [fp64(1, 2)]) =>
  await (await load(space.write('model.mjs', text))).predict(inputs, {});

describe('A module', () => {
  it('is asked for one version of one model, with the parameters of the config', async () => {
    const path = space.write(
      'model.mjs',
      source(
        'return [{ name: "y", data: [context.name === "m" && context.version === "7" ? context.parameters.a : 0] }]',
      ),
    );
    const model = await load(path, { parameters: { a: 2 } });
    expect(model).toMatchObject({
      platform: 'kserve-env_module',
      inputs: [{ name: 'x', datatype: 'FP64', shape: [-1] }],
      outputs: [{ name: 'y', datatype: 'FP64', shape: [-1] }],
    });
    expect(model.predict([fp64(1)], {})).toEqual([
      { name: 'y', datatype: 'FP64', shape: [1], data: Float64Array.of(2) },
    ]);
  });

  it('may make its model, and answer, later', async () => {
    const text = source('return Promise.resolve([{ name: "y", data: x.data.map((value) => value * 2) }])');
    const path = space.write('model.mjs', text.replace('(context) =>', 'async (context) =>'));
    const model = await load(path);
    expect(await model.predict([fp64(3)], {})).toMatchObject([{ data: Float64Array.of(6) }]);
  });

  it.each([
    [
      'model.cjs',
      'module.exports.createModel = () => ({ inputs: [], outputs: [{ name: "y", datatype: "FP64", shape: [1] }], predict: () => [{ name: "y", data: [1] }] })',
    ],
    [
      'whole.cjs',
      'const whole = {}; whole["create" + "Model"] = () => ({ inputs: [], outputs: [{ name: "y", datatype: "FP64", shape: [1] }], predict: () => [{ name: "y", data: [1] }] }); module.exports = whole',
    ],
    ['a/index.mjs', source('return [{ name: "y", data: [1] }]')],
    [
      'b/index.js',
      source('return [{ name: "y", data: [1] }]').replace('export const createModel', 'exports.createModel'),
    ],
  ])('may be %s', async (name, text) => {
    const path = space.write(name, text);
    const model = await load(name.includes('/') ? path.replace(/\/index.*/, '') : path);
    expect(model.predict([], {})).toMatchObject([{ data: Float64Array.of(1) }]);
  });

  it('may be a directory whose package.json names the file, which may import what is beside it', async () => {
    space.write('model/package.json', '{"type": "module", "main": "lib/model.js"}');
    space.write('model/lib/factor.js', 'export const factor = 5;');
    space.write(
      'model/lib/model.js',
      `import { factor } from './factor.js';\n${source('return [{ name: "y", data: [factor] }]')}`,
    );
    const model = await load(`${space.directory}/model`);
    expect(model.predict([fp64(1)], {})).toMatchObject([{ data: Float64Array.of(5) }]);
  });

  it('is imported anew where its file has changed, and only there', async () => {
    const counted = (version: number) =>
      `globalThis.imports = (globalThis.imports ?? 0) + 1; ${source(`return [{ name: "y", data: [${version}] }]`)}`;
    const path = space.write('model.mjs', counted(1));
    const imports = () => (globalThis as { imports?: number }).imports;
    await load(path);
    await load(path);
    expect(imports()).toBe(1);
    space.write('model.mjs', counted(2));
    expect((await load(path)).predict([fp64(1)], {})).toMatchObject([{ data: Float64Array.of(2) }]);
    expect(imports()).toBe(2);
  });

  it('of CommonJS is loaded anew where its file has changed', async () => {
    const text = (value: number) =>
      source(`return [{ name: "y", data: [${value}] }]`).replace('export const createModel', 'exports.createModel');
    const path = space.write('model.cjs', text(1));
    await load(path);
    space.write('model.cjs', text(2));
    expect((await load(path)).predict([fp64(1)], {})).toMatchObject([{ data: Float64Array.of(2) }]);
  });

  it('that could not be imported can be, once what was missing is there', async () => {
    const path = space.write('model.mjs', `import './late.mjs';\n${source('return []')}`);
    await expect(load(path)).rejects.toThrow('late.mjs');
    space.write('late.mjs', '');
    await expect(load(path)).resolves.toMatchObject({ platform: 'kserve-env_module' });
  });

  it('has its functions called on the object that it made', async () => {
    const text = source('return [{ name: "y", data: [this.factor] }]', {
      more: 'factor: 3, validate() { if (this.factor !== 3) throw new Error("no") }, close() { globalThis.closed = this.factor },',
    });
    const model = await load(space.write('model.mjs', text));
    model.validate?.([fp64(1)], {});
    expect(model.predict([fp64(1)], {})).toMatchObject([{ data: Float64Array.of(3) }]);
    await model.close?.();
    expect(globalThis).toMatchObject({ closed: 3 });
  });

  it('has a type that its authors can write it by', () => {
    const module: ModelModule = {
      createModel: ({ parameters }) => ({
        inputs: [{ name: 'x', datatype: 'INT32', shape: [-1] }],
        outputs: [{ name: 'y', datatype: 'INT64', shape: [-1] }],
        predict: ([x]) => [
          { name: 'y', data: Array.from((x?.data ?? []) as Int32Array, (value) => value + Number(parameters.plus)) },
        ],
      }),
    };
    expect(module.createModel).toBeTypeOf('function');
  });
});

describe('The load of a module fails, and says why, where', () => {
  it.each<[string, string, string | RegExp]>([
    ['it is no JavaScript', 'export const x = ;', /^SyntaxError: Unexpected token ';'; node --check shows the line$/],
    ['it throws', 'throw new TypeError("no weights")', 'TypeError: no weights'],
    ['it imports what is not there', 'import "./nowhere.mjs"', 'make it the directory that holds all that is imported'],
    ['it exports something else', 'export const model = 1', 'must export a function createModel; it exports model'],
    ['it exports nothing', '', 'it exports nothing'],
    ['createModel throws', 'export function createModel() { throw new Error("no licence") }', 'no licence'],
    ['createModel rejects', 'export async function createModel() { throw new Error("no licence") }', 'no licence'],
    ['createModel returns nothing', 'export function createModel() {}', 'createModel returned no model'],
    [
      'there is no predict',
      'export const createModel = () => ({ inputs: [], outputs: [] })',
      'predict: expected a function',
    ],
    ['a datatype is unknown', source('return []', { x: 'FLOAT [-1]' }), 'inputs.0.datatype: '],
    ['a shape is wrong', source('return []', { y: 'FP64 [-2]' }), 'outputs.0.shape.0: '],
    [
      'a name is there twice',
      source('return []').replace("name: 'y'", "name: 'z', datatype: 'FP64', shape: [] }, { name: 'z'"),
      'outputs: a name is there twice',
    ],
  ])('%s', async (_case, text, message) => {
    await expect(load(space.write('model.mjs', text))).rejects.toThrow(message);
  });

  it('it is no JavaScript, of CommonJS, and says the line', async () => {
    await expect(load(space.write('model.cjs', '\nconst x = ;'))).rejects.toThrow(/^SyntaxError in line 2: Unexpected/);
  });

  it('a .js file is CommonJS, as its package says, and reads otherwise', async () => {
    space.write('package.json', '{"type": "commonjs"}');
    await expect(load(space.write('model.js', source('return []')))).rejects.toThrow('name the file .mjs');
  });

  it('the file is gone, or the directory has no program', async () => {
    const path = space.write('model/readme.txt', '');
    await expect(load(`${space.directory}/model`)).rejects.toThrow('none of index.mjs, index.js');
    rmSync(path);
    await expect(load(path)).rejects.toThrow('ENOENT');
  });
});

describe('What a module answers is checked:', () => {
  it.each<[string, { y?: string }, string]>([
    ['return "y"', {}, 'predict must return an array of tensors, not string'],
    ['return undefined', {}, 'predict must return an array of tensors, not undefined'],
    ['return [1]', {}, 'output 0 is no tensor with a name'],
    ['return []', {}, 'output "y" is missing'],
    ['return [{ name: "z", data: [1] }]', {}, 'output "z" is not one that it declares'],
    ['return [{ name: "y", data: [1] }, { name: "y", data: [1] }]', {}, 'output "y" is there twice'],
    [
      'return [{ name: "y", datatype: "FP32", data: [1] }]',
      {},
      'output "y": datatype is FP32, the model declares FP64',
    ],
    ['return [{ name: "y", data: [1] }]', { y: 'ANY [-1]' }, 'output "y": datatype is missing'],
    ['return [{ name: "y", datatype: "REAL", data: [1] }]', { y: 'ANY [-1]' }, 'output "y": datatype is REAL'],
    ['return [{ name: "y", data: [300] }]', { y: 'INT8 [-1]' }, 'output "y": element 0 is 300, which INT8 cannot hold'],
    ['return [{ name: "y", shape: [3], data: [1] }]', {}, 'output "y": shape [3] needs 3 elements, the data has 1'],
    ['return [{ name: "y", shape: [-1], data: [1] }]', {}, 'output "y": shape [-1] has the dimension -1'],
    ['return [{ name: "y", shape: "1", data: [1] }]', {}, 'output "y": shape is no array of numbers'],
    [
      'return [{ name: "y", data: [1] }]',
      { y: 'FP64 [2,-1]' },
      'output "y": shape is missing, and [2, -1] does not tell it',
    ],
    [
      'return [{ name: "y", shape: [1, 1], data: [1] }]',
      { y: 'FP64 [2,-1]' },
      'output "y": shape is [1, 1], the model declares [2, -1]',
    ],
    [
      'return [{ name: "y", data: [1, 2, 3] }]',
      { y: 'FP64 [2]' },
      'output "y": shape [2] needs 2 elements, the data has 3',
    ],
    ['return [{ name: "y", data: [1], parameters: { a: [] } }]', {}, 'output "y": parameters are no object'],
  ])('%s', async (predict, declared, message) => {
    const wrong = `model "m" returned a wrong result: ${message}`;
    await expect(answer(source(predict, declared))).rejects.toThrow(wrong);
    await expect(answer(source(predict, declared).replace('predict(', 'async predict('))).rejects.toThrow(wrong);
  });

  it('outputs come in the order in which they are declared, with what was left out', async () => {
    const text = source(
      'return [{ name: "z", data: [true], parameters: { a: 1 } }, { name: "y", shape: [1, 2], data: [1, 2] }]',
    ).replace(
      "{ name: 'y'",
      "{ name: 'y', datatype: 'FP64', shape: [-1] }, { name: 'z', datatype: 'BOOL', shape: [] }, { name: 'unused'",
    );
    const all = text.replace("{ name: 'unused', datatype: 'FP64', shape: [-1] }", '');
    expect(await answer(all)).toEqual([
      { name: 'y', datatype: 'FP64', shape: [1, 2], data: Float64Array.of(1, 2) },
      { name: 'z', datatype: 'BOOL', shape: [], data: Uint8Array.of(1), parameters: { a: 1 } },
    ]);
  });
});

describe('An error of a module', () => {
  const failing = (code: string, before = '') =>
    source(`${before} throw Object.assign(new Error('x is too cold'), { code: ${code} })`);

  it.each(['INVALID_ARGUMENT', 'OUT_OF_RANGE', 'UNAVAILABLE', 'RESOURCE_EXHAUSTED'])(
    'with the code %s reaches the client as that',
    async (status) => {
      const expected = { name: 'OipError', status, message: 'x is too cold' };
      await expect(answer(failing(`'${status}'`))).rejects.toMatchObject(expected);
      await expect(
        answer(failing(`'${status}'`, 'await null;').replace('predict(', 'async predict(')),
      ).rejects.toMatchObject(expected);
    },
  );

  it.each(["'ENOENT'", "'OK'", '3', 'undefined', "'constructor'"])('with the code %s stays its own', async (code) => {
    await expect(answer(failing(code))).rejects.toMatchObject({ name: 'Error', message: 'x is too cold' });
  });

  it('in validate reaches the client in the same way', async () => {
    const more = 'validate() { throw Object.assign(new Error("no"), { code: "INVALID_ARGUMENT" }) },';
    const model = await load(space.write('model.mjs', source('return []', { more })));
    expect(() => model.validate?.([fp64(1)], {})).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT' }));
  });
});
