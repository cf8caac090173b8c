/** The official Python client of Triton against a running environment: a client that we did not write. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectEngine } from '../../src/engine/detect.js';
import { type Sandbox, sandbox } from '../cli/run-cli.js';

const venv = fileURLToPath(new URL('../../.cache/tritonclient', import.meta.url));
const python = process.platform === 'win32' ? `${venv}/Scripts/python.exe` : `${venv}/bin/python`;
const script = fileURLToPath(new URL('tritonclient_infer.py', import.meta.url));

/** What `infers` of the script found out with one client in one form. */
interface Found {
  scaled: number[];
  scaledShape: number[];
  sum: string[];
  difference: string[];
  sumShape: number[];
  typed: string[];
  identity: Record<string, boolean>;
  unknownModel: Refusal | null;
  wrongShape: Refusal | null;
  liveAfterwards: boolean;
}

interface Refusal {
  status: string | null;
  message: string;
}

interface Described {
  live: boolean;
  ready: boolean;
  modelReady: boolean;
  server: string;
  inputs: [string, string, number[]][];
}

interface Report {
  grpc: Described & { raw: Found };
  http: Described & { binary: Found; json: Found };
}

async function reportOf(endpoints: { grpc: string; http: string }): Promise<Report> {
  if (!existsSync(python)) {
    throw new Error(`There is no Python client in ${venv}: prepare it with node scripts/test-interop.js --prepare`);
  }
  const rest = new URL(endpoints.http).host;
  const { stdout } = await promisify(execFile)(python, [script, endpoints.grpc, rest], { timeout: 60_000 });
  return JSON.parse(stdout) as Report;
}

async function dockerAnswers(): Promise<boolean> {
  try {
    const { engine } = await connectEngine('docker');
    await engine[Symbol.asyncDispose]();
    return true;
  } catch {
    return false;
  }
}

const required = (process.env.KSERVE_ENV_REQUIRE ?? '').split(',').includes('docker');
const docker = required || (await dockerAnswers());

describe.each([
  { engine: 'process', runs: true },
  { engine: 'docker', runs: docker },
] as const)('tritonclient against the $engine engine', ({ engine, runs }) => {
  let box: Sandbox;
  let report: Report;

  beforeAll(async () => {
    if (!runs) return;
    box = sandbox({ docker: engine === 'docker' });
    const { answer, stderr } = await box.json(['up', '--engine', engine]);
    expect(answer.error, stderr).toBeNull();
    report = await reportOf(answer.data.endpoints);
  });

  afterAll(async () => {
    if (!runs) return;
    await box.run(['down']);
    box[Symbol.dispose]();
  });

  it.runIf(runs).each(['grpc', 'http'] as const)('finds server and model live, ready and described over %s', (via) => {
    expect(report[via]).toMatchObject({
      live: true,
      ready: true,
      modelReady: true,
      server: 'kserve-env',
      inputs: [
        ['INPUT0', 'INT32', [1, 16]],
        ['INPUT1', 'INT32', [1, 16]],
      ],
    });
  });

  const ways = [
    { way: 'gRPC', found: () => report.grpc.raw, notFound: 'StatusCode.NOT_FOUND', bad: 'StatusCode.INVALID_ARGUMENT' },
    { way: 'HTTP with binary data', found: () => report.http.binary, notFound: '404', bad: '400' },
    { way: 'HTTP with JSON data', found: () => report.http.json, notFound: '404', bad: '400' },
  ];

  describe.runIf(runs).each(ways)('over $way', ({ found, notFound, bad }) => {
    it('scales FP64', () => {
      expect(found()).toMatchObject({ scaled: [2, -5, 6], scaledShape: [3] });
    });

    it("adds and subtracts as Triton's own examples expect it of simple", () => {
      const { sum, difference, sumShape } = found();
      expect(sum).toEqual(Array.from({ length: 16 }, (_, index) => String(index + 1)));
      expect(difference).toEqual(Array.from({ length: 16 }, (_, index) => String(index - 1)));
      expect(sumShape).toEqual([1, 16]);
    });

    it('scales INT64 to its extremes without losing a digit', () => {
      expect(found().typed).toEqual(['9223372036854775806', '-9223372036854775808']);
    });

    it('returns every datatype bit for bit', () => {
      const { identity } = found();
      expect(Object.keys(identity)).toEqual(expect.arrayContaining(['BOOL', 'INT8', 'INT64', 'UINT64']));
      for (const [datatype, same] of Object.entries(identity)) expect(same, datatype).toBe(true);
    });

    it('raises InferenceServerException for an unknown model', () => {
      expect(found().unknownModel?.status).toBe(notFound);
      expect(found().unknownModel?.message).toContain('no-such-model');
    });

    it('raises InferenceServerException for a wrong shape, and the server lives on', () => {
      expect(found().wrongShape?.status).toBe(bad);
      expect(found().wrongShape?.message).toContain('INPUT0');
      expect(found().liveAfterwards).toBe(true);
    });
  });

  it.runIf(runs)('carries FP16, NaN and bytes that are no UTF-8 in binary form over both transports', () => {
    for (const { identity } of [report.grpc.raw, report.http.binary]) {
      expect(identity).toMatchObject({ FP16: true, FP32: true, FP64: true, BYTES: true });
    }
  });
});
