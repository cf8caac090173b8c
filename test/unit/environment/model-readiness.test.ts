import { describe, expect, it } from 'vitest';
import { expectedModels, ModelLoadFailedError, pollModelsReady } from '../../../src/environment/model-readiness.js';
import { type ModelConfig, modelConfigSchema } from '../../../src/models/kinds.js';
import { serve } from '../server/serve.js';

const declared = (models: object[]) => models.map((model) => modelConfigSchema.parse({ kind: 'identity', ...model }));
const options = { timeoutMs: 10_000, signal: new AbortController().signal };
const broken = (config: ModelConfig) => {
  throw new Error(`no such file as ${config.name}.onnx`);
};

describe('what is waited for', () => {
  it('is every version of what is declared as loaded', () => {
    const models = declared([
      { name: 'a', versions: ['1', '2'] },
      { name: 'b', initial: 'unloaded' },
      { name: 'a', versions: ['3'], initial: 'unloaded' },
    ]);
    const versions = [
      { name: 'a', version: '1' },
      { name: 'a', version: '2' },
    ];
    expect(expectedModels(models)).toEqual({ versions, serverReady: true });
  });

  it('is not the server where a model is declared as failed', () => {
    expect(expectedModels(declared([{ name: 'a', initial: 'failed' }]))).toEqual({ versions: [], serverReady: false });
  });
});

describe.each(['grpc', 'rest'] as const)('waiting for models over %s', (transport) => {
  it('ends when the last one is READY', async () => {
    const models = declared([{ name: 'quick' }, { name: 'slow', loadDelay: '200ms' }]);
    await using running = await serve({}, { models });
    await pollModelsReady(running[transport], expectedModels(models), options);
    expect(await running[transport].serverReady()).toBe(true);
  });

  it('ends at once, with the reason, when one has failed to load', async () => {
    const models = declared([{ name: 'slow', loadDelay: '1h' }, { name: 'broken' }]);
    await using running = await serve({ makeModel: broken }, { models });
    const error = await pollModelsReady(running[transport], expectedModels(models), options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ModelLoadFailedError);
    expect(error).toMatchObject({
      code: 'MODEL_LOAD_FAILED',
      exitCode: 4,
      message: 'failed to load "broken" version "1": no such file as broken.onnx',
    });
  });

  it('does not mind a model that is declared as failed or unloaded', async () => {
    const models = declared([
      { name: 'a' },
      { name: 'a', versions: ['2'], initial: 'failed' },
      { name: 'b', initial: 'unloaded' },
    ]);
    await using running = await serve({}, { models });
    await pollModelsReady(running[transport], expectedModels(models), options);
    expect(await running[transport].serverReady()).toBe(false);
  });
});
