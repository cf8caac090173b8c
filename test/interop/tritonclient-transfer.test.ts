/** How the clients of tritonclient carry inferences: compressed, and many on one stream. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Environment, pythonReport, startEnvironment } from './clients.js';

interface Try {
  /** Algorithm of the request, and for HTTP that of the answer. */
  options: (string | null)[];
  right: boolean;
  encoding: string | null;
}

interface Stream {
  answers: ({ id: string; values: number[] } | { error: string })[];
  surplus: number;
}

let environment: Environment;

beforeAll(async () => {
  environment = await startEnvironment();
});

afterAll(() => environment?.down());

describe('compression', () => {
  let report: Record<'grpc' | 'grpc.aio' | 'http' | 'http.aio', Try[]>;

  beforeAll(async () => {
    report = await pythonReport('tritonclient_compress.py', environment);
  });

  it.each(['grpc', 'grpc.aio'] as const)('of requests by gzip and deflate is understood over %s', (kind) => {
    expect(report[kind].map(({ options, right }) => [...options, right])).toEqual([
      [null, true],
      ['gzip', true],
      ['deflate', true],
    ]);
  });

  it.each(['http', 'http.aio'] as const)('of requests by gzip and deflate is understood over %s', (kind) => {
    expect(report[kind]).toHaveLength(9);
    for (const { options, right } of report[kind]) expect(right, options.join()).toBe(true);
  });

  it.each(['gzip', 'deflate'])('of answers by %s is had where an HTTP client asks for it', (algorithm) => {
    const asked = [...report.http, ...report['http.aio']].filter(({ options }) => options[1] === algorithm);
    expect(asked.map(({ encoding }) => encoding)).toEqual(asked.map(() => algorithm));
  });
});

describe('a gRPC stream', () => {
  let report: Record<'grpc' | 'grpc.aio', Record<'plain' | 'compressed', Stream>>;

  beforeAll(async () => {
    report = await pythonReport('tritonclient_stream.py', environment);
  });

  it.each([
    ['grpc', 'plain'],
    ['grpc', 'compressed'],
    ['grpc.aio', 'plain'],
    ['grpc.aio', 'compressed'],
  ] as const)('answers every request once and in order, and outlives an error, with %s, %s', (kind, form) => {
    const { answers, surplus } = report[kind][form];
    expect(answers).toEqual([
      { id: '0', values: [0, 1] },
      { id: '1', values: [2, 1] },
      { error: expect.stringContaining('no-such-model') },
      { id: '3', values: [6, 1] },
    ]);
    expect(surplus).toBe(0);
  });
});
