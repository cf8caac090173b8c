import { afterEach, describe, expect, it } from 'vitest';
import { createLogger, type LogLevel } from '../../../src/server/telemetry/logger.js';
import { post, serve, type TestServer } from './serve.js';

let running: TestServer | undefined;
afterEach(async () => {
  await running?.[Symbol.asyncDispose]();
  running = undefined;
});

async function serveLogged(level: LogLevel) {
  const lines: string[] = [];
  running = await serve({ log: createLogger({ level, write: (line) => lines.push(line) }) });
  const { baseUrl } = running;
  const requests = () =>
    lines
      .map((line) => JSON.parse(line))
      .filter(({ message, transport }) => message === 'request' && transport === 'rest');
  return { baseUrl, lines, requests };
}

const body = JSON.stringify({
  id: 'batch-7',
  inputs: [{ name: 'x', datatype: 'FP64', shape: [1], data: [123456789] }],
});

describe('the log of requests', () => {
  it('has one line of JSON for each at the level debug, with what happened and none of the data', async () => {
    const { baseUrl, lines, requests } = await serveLogged('debug');
    const headers = { authorization: 'Bearer top-secret', 'x-custom': 'private' };
    const { text } = await post(`${baseUrl}/v2/models/scaler/versions/1/infer`, body, headers);
    await post(`${baseUrl}/v2/models/scaler/infer`, '{"inputs":987654321}');
    await fetch(`${baseUrl}/v2/health/live`);
    await fetch(`${baseUrl}/nowhere?token=hidden`);
    const common = { time: expect.any(String), level: 'debug', message: 'request', transport: 'rest' };
    const line = (more: object) => ({
      ...common,
      durationMs: expect.any(Number),
      responseBytes: expect.any(Number),
      ...more,
    });
    expect(requests()).toEqual([
      line({
        method: 'ModelInfer',
        status: 'OK',
        httpStatus: 200,
        model: 'scaler',
        version: '1',
        requestId: 'batch-7',
        requestBytes: body.length,
        responseBytes: text.length,
      }),
      line({ method: 'ModelInfer', status: 'INVALID_ARGUMENT', httpStatus: 400, model: 'scaler', requestBytes: 20 }),
      line({ method: 'ServerLive', status: 'OK', httpStatus: 200 }),
      line({ method: 'unknown', status: 'UNIMPLEMENTED', httpStatus: 404 }),
    ]);
    const all = lines.join('');
    for (const secret of ['123456789', '987654321', 'top-secret', 'private', 'hidden'])
      expect(all).not.toContain(secret);
  });

  it('cuts and escapes hostile names', async () => {
    const { baseUrl, lines, requests } = await serveLogged('debug');
    const name = `a\n{"level":"error"}\u001b[2J\u009b31m\u202e\u2028${'n'.repeat(5000)}`;
    await fetch(`${baseUrl}/v2/models/${encodeURIComponent(name)}`);
    await post(`${baseUrl}/v2/models/scaler/infer`, JSON.stringify({ id: `\ud800${'i'.repeat(5000)}`, inputs: [] }));
    const [byName, byId] = requests();
    expect(byName.model).toBe(`${name.slice(0, 100)}…`);
    expect(byId.requestId).toHaveLength(101);
    for (const line of lines) {
      expect(line.endsWith('}\n')).toBe(true);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
      expect(line.length).toBeLessThan(1000);
    }
  });

  it('is silent at the level info', async () => {
    const { baseUrl, lines } = await serveLogged('info');
    await post(`${baseUrl}/v2/models/scaler/infer`, body);
    expect(lines.join('')).not.toContain('"request"');
  });
});
