import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChecks, summarise } from '../../../src/checks/runner.js';
import { smokeSuite } from '../../../src/checks/suites/smoke.js';
import { commandContext } from '../../../src/commands/context.js';
import { smoke, smokeFailure } from '../../../src/commands/smoke.js';
import { InterruptedError } from '../../../src/errors.js';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { OipError } from '../../../src/protocol/status.js';
import { allModels, failures, type Served, scaler, serve, smokeThrough } from './wrong-clients.js';

let right: Served;
beforeAll(async () => {
  right = await serve(allModels);
});
afterAll(async () => {
  await right[Symbol.asyncDispose]();
});

describe('against the real server', () => {
  it('every check passes; none fails, is noted or is skipped', async () => {
    const results = await smokeThrough(right, allModels);
    const { passed, ...rest } = summarise(results);
    expect(rest).toEqual({ failed: 0, noted: 0, skipped: 0 });
    expect(passed).toBe(results.length);
  });

  it('each check has an id of its own, and a title', async () => {
    const checks = smokeSuite(allModels);
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
    for (const { title } of checks) expect(title).not.toBe('');
  });

  it('every model, transport and form is looked at', () => {
    const ids = smokeSuite(allModels).map(({ id }) => id);
    for (const { name } of allModels) {
      for (const route of ['grpc-typed', 'grpc-raw', 'rest-typed', 'rest-raw']) {
        expect(ids.some((id) => id.includes(`/${name}/`) && id.endsWith(route))).toBe(true);
      }
    }
  });

  it('every factor that a config may have passes, in every datatype', async () => {
    const factors = [0, -0, 1, -1, 3, 0.1, -2.5, 255, 2 ** 31, 2 ** 53, 1e20, -1e300, 1.7e308, 5e-324];
    const models = factors.map((factor, index) =>
      modelConfigSchema.parse({
        kind: 'scale',
        name: `scaler_${index}`,
        datatype: index === 0 ? 'FP64' : 'any',
        factor,
      }),
    );
    await using server = await serve(models);
    expect(failures(await smokeThrough(server, models))).toEqual([]);
  });

  it('models of declared shapes, datatypes, versions and parameters pass', async () => {
    const models = [
      { kind: 'scale', name: 'matrix', shape: [2, -1], datatype: 'any' },
      { kind: 'scale', name: 'preset', parameters: { scale_factor: 5 } },
      { kind: 'sum', name: 'block', shape: [2, 2, 2], datatype: 'INT16' },
      { kind: 'product', name: 'scalar', shape: [] },
      { kind: 'linear', name: 'narrow', datatype: 'FP32', weights: [0.1, 2], bias: 0.7 },
      { kind: 'identity', name: 'strings', datatype: 'BYTES', shape: [3, 1] },
      { kind: 'add_sub', name: 'wide', datatype: 'INT64', shape: [-1] },
      { kind: 'sum', name: 'changing', versions: ['1', '2'] },
      { kind: 'product', name: 'changing', versions: ['3'] },
      { kind: 'sum', name: 'later', initial: 'unloaded' },
      { kind: 'sum', name: 'broken', initial: 'failed' },
    ].map((model) => modelConfigSchema.parse(model));
    await using server = await serve(models);
    const results = await smokeThrough(server, models);
    expect(failures(results)).toEqual([]);
    expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
    expect(results.some(({ id }) => id === 'sum/changing@2/FP64/grpc-raw')).toBe(true);
  });

  it('a model that is strict, and answers in one form alone, passes', async () => {
    const models = ['raw', 'typed'].map((output) =>
      modelConfigSchema.parse({ kind: 'scale', name: `only_${output}`, strictInputs: true, output }),
    );
    await using server = await serve(models);
    expect(failures(await smokeThrough(server, models))).toEqual([]);
  });
});

describe('what is legal and unusual is noted', () => {
  it('another code for an unknown model', async () => {
    const results = await smokeThrough(right, scaler, (client) => ({
      async infer(call, options) {
        return await client.infer(call, options).catch((error: unknown) => {
          throw error instanceof OipError ? new OipError('INVALID_ARGUMENT', 400, 'no such model') : error;
        });
      },
    }));
    expect(failures(results)).toEqual([]);
    const noted = results.filter(({ status }) => status === 'noted').map(({ id, message }) => ({ id, message }));
    expect(noted).toContainEqual({
      id: 'errors/unknown-model/grpc',
      message: 'answered INVALID_ARGUMENT; most clients expect NOT_FOUND',
    });
  });

  it('a server without a version', async () => {
    const serverMetadata = async () => ({ name: 'triton', version: '', extensions: [] });
    const results = await smokeThrough(right, scaler, () => ({ serverMetadata }));
    expect(results.find(({ id }) => id === 'core/metadata/grpc')).toMatchObject({ status: 'noted' });
  });
});

describe('what does not apply is skipped', () => {
  it('the checks of models that the server does not have', async () => {
    const models = allModels.filter(({ name }) => name === 'identity');
    await using server = await serve(models);
    const results = await smokeThrough(server, allModels);
    expect(failures(results)).toEqual([]);
    const skipped = results.filter(({ status }) => status === 'skipped');
    expect(skipped).toContainEqual(
      expect.objectContaining({
        id: 'models/simple_scaler/ready/grpc',
        message: 'the server has no model simple_scaler',
      }),
    );
    expect(results.filter(({ id }) => id.startsWith('identity/')).every(({ status }) => status === 'passed')).toBe(
      true,
    );
  });

  it('a transport without an endpoint', async () => {
    const { signal } = new AbortController();
    const results = await runChecks(smokeSuite(scaler), { grpc: right.grpc, models: scaler, signal });
    const rest = results.filter(({ transport }) => transport === 'rest');
    expect(new Set(rest.map(({ status, message }) => `${status}: ${message}`))).toEqual(
      new Set(['skipped: no rest endpoint']),
    );
  });

  it('and where nothing passed, that is a failure of its own', () => {
    const report = { endpoints: {}, summary: { passed: 0, failed: 0, noted: 0, skipped: 9 }, ms: 1, checks: [] };
    expect(smokeFailure(report)).toMatchObject({ code: 'SMOKE_EMPTY', exitCode: 9 });
    expect(smokeFailure({ ...report, summary: { ...report.summary, passed: 1 } })).toBeUndefined();
  });
});

describe('the command', () => {
  it('reports on any server by its addresses, with no failure where all is well', async () => {
    const { grpc: endpoint, http: restUrl } = right.addresses;
    const told: string[] = [];
    const progress = { ...commandContext().progress, phaseDetail: (text: string) => told.push(text) };
    const { data, failure } = await smoke({ endpoint, restUrl }, commandContext({ progress }));
    expect(failure).toBeUndefined();
    expect(data).toMatchObject({ endpoints: right.addresses, summary: { failed: 0 } });
    expect(told.at(-1)).toBe(`${data.checks.length} of ${data.checks.length}`);
  });

  it('ends with the reason of an interruption', async () => {
    const controller = new AbortController();
    const reason = new InterruptedError('SIGINT');
    const progress = { ...commandContext().progress, phaseDetail: () => controller.abort(reason) };
    const running = smoke({ endpoint: right.addresses.grpc }, commandContext({ progress, signal: controller.signal }));
    await expect(running).rejects.toBe(reason);
  });
});
