import { describe, expect, it } from 'vitest';
import { readDocument } from '../../../src/metrics/read-document.js';
import { createHostMetrics } from '../../../src/metrics/volume/host-metrics.js';
import { percentilesOf } from '../../../src/metrics/volume/percentiles.js';
import { runVolume } from '../../../src/metrics/volume/run-volume.js';
import { answering, doubled } from './otlp.js';
import { toJson } from './otlp-schema.js';
import { serve } from './serve.js';

describe('made-up host metrics', () => {
  it('are the same bytes for the same seed, scrape after scrape, and others for another', () => {
    const [one, same, other] = [1, 1, 2].map((seed) => createHostMetrics(200, seed, 'protobuf'));
    for (let scrape = 0; scrape < 3; scrape++) {
      const bytes = one?.next();
      expect(same?.next()).toEqual(bytes);
      expect(other?.next()).not.toEqual(bytes);
    }
  });

  it('say the same in both formats, as protobufjs reads them', () => {
    const [protobuf, json] = [createHostMetrics(130, 7, 'protobuf'), createHostMetrics(130, 7, 'json')];
    for (let scrape = 0; scrape < 3; scrape++) {
      const read = JSON.parse(toJson(protobuf.next()).toString());
      expect(read).toEqual(JSON.parse(Buffer.from(json.next()).toString()));
    }
  });

  it.each([1, 55, 56, 57, 1000, 10_000])(
    'have %i series when so many are asked for, every one of its own',
    (series) => {
      const generator = createHostMetrics(series, 1, 'protobuf');
      const document = readDocument(generator.next());
      const points = document.metrics.flatMap((metric) =>
        document.points(metric).map(({ scope, attributes }) => {
          return `${scope.resource}/${metric.name}/${attributes.map(({ key, value }) => `${key}=${value}`).join()}`;
        }),
      );
      expect(new Set(points).size).toBe(series);
      expect(generator).toMatchObject({ series, hosts: Math.ceil(series / 56) });
    },
  );
});

describe('runVolume', () => {
  const common = {
    seed: 1,
    format: 'protobuf' as const,
    rules: [{ model: 'simple_scaler', metrics: ['system.cpu.utilization'] }],
  };
  const sleep = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

  it('runs for its time, and says what was done and where the time went', async () => {
    await using served = await serve();
    const report = await runVolume({ ...common, series: 560, durationMs: 300, client: served.grpc, sleep });
    expect(report).toMatchObject({ series: 560, hosts: 10, asked: null, rules: [{ errors: [] }] });
    expect(report.scrapes).toBeGreaterThan(0);
    expect(report.points).toBe(report.scrapes * 560);
    expect(report.inferences).toBe(report.scrapes);
    expect(report.newPoints).toBe(report.scrapes * 320);
    expect(report.bytes.written).toBeGreaterThan(report.bytes.read);
    const { encode, read, infer, write, idle } = report.shares;
    expect(encode + read + infer + write + idle).toBeCloseTo(1, 2);
    const { p50, p90, p99, max } = report.latencyMs.inference;
    expect([p50, p90, p99, max]).toEqual([p50, p90, p99, max].toSorted((one, other) => one - other));
  });

  it('keeps a rate that it can, of scrapes or of points', async () => {
    const { client } = answering(doubled);
    // Time passes in sleep alone, however busy the machine is.
    let time = 0;
    const sleepWell = async (ms: number) => {
      time += ms;
    };
    for (const rate of [
      { perSecond: 4, of: 'scrapes' as const },
      { perSecond: 4 * 56, of: 'points' as const },
    ]) {
      const report = await runVolume({
        ...common,
        series: 56,
        durationMs: 1000,
        rate,
        client,
        now: () => time,
        sleep: sleepWell,
      });
      expect(report).toMatchObject({ scrapes: 4, asked: { scrapesPerSecond: 4, reached: true } });
    }
  });

  it('says that a rate was not reached', async () => {
    await using served = await serve();
    const rate = { perSecond: 1_000_000, of: 'scrapes' as const };
    const report = await runVolume({ ...common, series: 560, durationMs: 100, rate, client: served.grpc, sleep });
    expect(report.asked).toEqual({ scrapesPerSecond: 1_000_000, reached: false });
  });

  it('counts errors of all scrapes', async () => {
    await using served = await serve();
    const rules = [{ model: 'nope', metrics: ['system.cpu.utilization'] }];
    const report = await runVolume({ ...common, rules, series: 56, durationMs: 50, client: served.grpc, sleep });
    expect(report.rules).toMatchObject([{ inferences: 0, errors: [{ status: 'NOT_FOUND', count: report.scrapes }] }]);
  });
});

it('percentiles are by nearest rank', () => {
  expect(percentilesOf(Array.from({ length: 100 }, (_, index) => 100 - index))).toEqual({
    p50: 50,
    p90: 90,
    p99: 99,
    max: 100,
  });
  expect(percentilesOf([7])).toEqual({ p50: 7, p90: 7, p99: 7, max: 7 });
  expect(percentilesOf([])).toEqual({ p50: 0, p90: 0, p99: 0, max: 0 });
});
