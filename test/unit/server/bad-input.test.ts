/** Bad input, row by row and way by way; after each the server answers as if nothing had been. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createModel, modelConfigSchema } from '../../../src/models/kinds.js';
import { limitsSchema } from '../../../src/models/limits.js';
import type { Model } from '../../../src/models/model.js';
import { oipErrorFromGrpc } from '../../../src/protocol/status.js';
import { createLogger } from '../../../src/server/telemetry/logger.js';
import { tensor } from './bad-input-attempts.js';
import { maxMessageBytes, missingWays } from './bad-input-row.js';
import { badInputTable } from './bad-input-table.js';
import { models, serve, type TestServer } from './serve.js';

let running: TestServer;
const logged: string[] = [];
beforeAll(async () => {
  const more = [
    { kind: 'identity', name: 'unloaded', initial: 'unloaded' },
    { kind: 'identity', name: 'failed', initial: 'failed' },
    { kind: 'identity', name: 'buggy' },
  ];
  const predict = (): never => {
    throw new TypeError('the model is broken, and says a secret');
  };
  running = await serve(
    {
      log: createLogger({ level: 'error', write: (line) => logged.push(line) }),
      makeModel: async (config, version): Promise<Model> => {
        const model = await createModel(config, { version });
        return config.name === 'buggy' ? { ...model, predict } : model;
      },
    },
    {
      models: [...models, ...more.map((model) => modelConfigSchema.parse(model))],
      limits: limitsSchema.parse({ maxReceiveMessageBytes: maxMessageBytes }),
    },
  );
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

/** Whatever came before, the next honest call is answered right on both transports. */
afterEach(async () => {
  for (const client of [running.grpc, running.rest]) {
    const { outputs } = await client.infer({ modelName: 'scaler', inputs: [tensor('x')] });
    expect(outputs[0]?.data).toEqual(Float64Array.of(2));
  }
});

describe.each(badInputTable)('$case', ({ grpc, http, inputs }) => {
  const cases = inputs.flatMap((one) =>
    Object.entries(one.attempts).map(([way, attempt]) => ({ ...one, way, attempt })),
  );

  it.each(cases)('$name over $way', async ({ way, attempt, says, header }) => {
    const outcome = await attempt(running);
    if (way.startsWith('REST')) {
      expect({ status: String(outcome.httpStatus), message: outcome.message }).toEqual({
        status: http === 'accepted' ? '200' : http,
        message: expect.stringContaining(says),
      });
      if (header) expect(outcome.headers).toMatchObject({ [header[0]]: header[1] });
    } else if (grpc === 'HTTP 415') expect(outcome.httpStatus).toBe(415);
    else {
      const { grpcCode = 2, message } = outcome;
      const status = grpcCode === 0 ? 'accepted' : oipErrorFromGrpc(grpcCode, message).status;
      expect({ status, message }).toEqual({ status: grpc, message: expect.stringContaining(says) });
    }
  });
});

it('what a model throws stands in the log, and not in the answer', () => {
  const lines = logged.filter((line) => line.includes('a secret'));
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: 'error', requestId: expect.any(String) });
});

describe('the table', () => {
  const page = readFileSync(fileURLToPath(new URL('../../../docs/bad-input.md', import.meta.url)), 'utf8');
  const rowsAfter = (heading: string): string[][] => {
    const [, section = ''] = page.split(`## ${heading}\n`);
    const [, , ...rows] = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
    return rows.map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  };

  it('is the one of the documentation', () => {
    expect(rowsAfter('What it gets')).toEqual(badInputTable.map((row) => [row.case, row.grpc, row.http]));
  });

  it('has every limit in the documentation', () => {
    const documented = rowsAfter('Limits').map(([limit]) => limit);
    expect(documented).toEqual(Object.keys(limitsSchema.unwrap().shape).map((limit) => `\`${limit}\``));
  });

  it('is sent in every way in which it can be', () => {
    const gaps = badInputTable
      .filter(({ someWays }) => !someWays)
      .flatMap((row) => missingWays(row).map((way) => [row.case, way]));
    expect(gaps).toEqual([]);
  });
});
