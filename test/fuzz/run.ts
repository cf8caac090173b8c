/** Fuzzes one target in one way: the corpus first, then what is made of it, until the time is over. */
import { limitsSchema } from '../../src/models/limits.js';
import { createGrpcClient } from '../../src/protocol/grpc-client.js';
import { createRestClient } from '../../src/protocol/rest-client.js';
import { openSockets } from '../tools/process-sockets.js';
import { seededRandom } from '../torture/random.js';
import { type BundledServer, startBundledServer } from './bundled-server.js';
import { keepInput, readCorpus } from './corpus.js';
import type { Target, Verdict } from './target.js';

/** Inputs between two looks at the server: a valid inference over both transports, and what it said meanwhile. */
const checkEvery = 1_000;
const lanes = 8;
const stallMs = 250;
/** Milliseconds in which the last connection must be gone. */
const leftMs = 10_000;
/** Connections that HTTP/2 has given up are open a little longer, and none of ours is to be refused for them. */
const config = { limits: { maxConnections: 15_000 } };
/** More than this no server reads unless it is told to. */
const { maxReceiveMessageBytes: mostBytes } = limitsSchema.parse({});
/** Findings of one run after which it is not worth going on. */
const mostFindings = 20;

export interface Place {
  /** Directories and bundles. */
  corpus: string;
  bundle: string;
  watch: string;
}

export interface FuzzOptions extends Place {
  seed: number;
  seconds: number;
  say: (text: string) => void;
}

export interface FuzzResult {
  target: string;
  way: 'in process' | 'over the wire';
  inputs: number;
  seconds: number;
  /** Milliseconds that one input took at most in process; over the wire the longest stall that the server told, 0 for none. */
  longestMs: number;
  /** Valid inferences in between. */
  checks: number;
  findings: string[];
}

/** The inputs of a seed, without an end: first the corpus as it is. */
function* inputsOf({ name, mutate }: Target, { corpus, seed }: FuzzOptions): Generator<Buffer> {
  const random = seededRandom(seed);
  const seeds = readCorpus(corpus, name).map(({ bytes }) => bytes);
  yield* seeds;
  for (;;) {
    let input = mutate(random.pick(seeds), random, seeds);
    // What was made of what was made.
    if (random.whole(0, 3) === 0) input = mutate(input, random, seeds);
    if (input.byteLength <= mostBytes) yield input;
  }
}

export async function fuzzHere(target: Target, options: FuzzOptions): Promise<FuzzResult> {
  const result: FuzzResult = {
    target: target.name,
    way: 'in process',
    inputs: 0,
    seconds: 0,
    longestMs: 0,
    checks: 0,
    findings: [],
  };
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  const begin = performance.now();
  const found = (input: Buffer, what: string): void => {
    result.findings.push(`${what}\n    ${keepInput(options.corpus, target.name, input)}`);
    options.say(`✖ ${target.name}: ${result.findings.at(-1)}`);
  };
  for (const input of inputsOf(target, options)) {
    if (performance.now() - begin > options.seconds * 1_000 || result.findings.length >= mostFindings) break;
    const cpu = process.cpuUsage();
    const start = performance.now();
    const pending = target.tryHere?.(input);
    const verdict: Verdict = pending instanceof Promise ? await pending : pending;
    const took = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    // As much of the processor, too: a machine that is busy with others is no stall.
    result.longestMs = Math.max(result.longestMs, Math.min(took, (user + system) / 1_000));
    if (took > stallMs && (user + system) / 1_000 > stallMs) found(input, `stall: took ${took.toFixed(0)} ms`);
    if (verdict !== undefined) found(input, verdict);
    if (++result.inputs % checkEvery === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const error of unhandled.splice(0)) found(input, `unhandled rejection: ${error}`);
  }
  process.off('unhandledRejection', note);
  result.seconds = (performance.now() - begin) / 1_000;
  return result;
}

export async function fuzzThere(target: Target, options: FuzzOptions): Promise<FuzzResult> {
  const result: FuzzResult = {
    target: target.name,
    way: 'over the wire',
    inputs: 0,
    seconds: 0,
    longestMs: 0,
    checks: 0,
    findings: [],
  };
  let server = await startBundledServer({ ...options, config });
  const begin = performance.now();
  const left = (): number => options.seconds * 1_000 - (performance.now() - begin);
  const inputs = inputsOf(target, options);
  try {
    while (left() > 0 && result.findings.length < mostFindings) {
      const batch: Buffer[] = [];
      const take = (): Buffer | undefined => {
        if (batch.length >= checkEvery || left() <= 0) return undefined;
        const { value } = inputs.next() as { value: Buffer };
        batch.push(value);
        return value;
      };
      const wrong = await sendAll(target, server, take);
      result.inputs += batch.length;
      result.checks++;
      const told = [...(await looked(server)), ...server.takeFindings()];
      result.longestMs = Math.max(result.longestMs, server.longestStallMs);
      for (const { input, verdict } of wrong) {
        const path = keepInput(options.corpus, target.name, input);
        result.findings.push(`${verdict}\n    ${path}`);
        options.say(`✖ ${target.name}: ${verdict}\n    ${path}`);
      }
      if (told.length === 0) continue;
      options.say(`✖ ${target.name}: ${told.join('\n  ')}\n  looking which of ${batch.length} inputs it was`);
      const culprits = await culpritsAmong(target, batch, options);
      const places = culprits.map((input) => keepInput(options.corpus, target.name, input));
      result.findings.push(
        `${told.join('\n  ')}\n    ${places.join(', ') || `none of ${batch.length} inputs alone; the batch ends at input ${result.inputs}`}`,
      );
      options.say(`  ${result.findings.at(-1)}`);
      if (!server.ended) continue;
      server = await startBundledServer({ ...options, config });
    }
    const sockets = await socketsLeft(server.pid);
    if (sockets > 0)
      result.findings.push(`${sockets} sockets are left ${leftMs / 1_000} s after the last client has gone`);
  } finally {
    await server[Symbol.asyncDispose]();
  }
  result.seconds = (performance.now() - begin) / 1_000;
  return result;
}

/** Established connections of a process, once they are gone, or after ten seconds; 0 where /proc tells nothing. */
async function socketsLeft(pid: number): Promise<number> {
  const begin = performance.now();
  let left = openSockets(pid);
  while (left > 0 && performance.now() - begin < leftMs) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    left = openSockets(pid);
  }
  return left;
}

async function sendAll(
  target: Target,
  server: BundledServer,
  take: () => Buffer | undefined,
): Promise<{ input: Buffer; verdict: string }[]> {
  const wrong: { input: Buffer; verdict: string }[] = [];
  const send = async (): Promise<void> => {
    const lane = target.openLane?.(server);
    for (let input = take(); input && lane; input = take()) {
      const verdict = await lane.try(input);
      if (verdict !== undefined && !server.ended) wrong.push({ input, verdict });
    }
    lane?.[Symbol.dispose]();
  };
  await Promise.all(Array.from({ length: lanes }, send));
  return wrong;
}

/** A valid inference over both transports, on connections of their own. */
async function looked(server: BundledServer): Promise<string[]> {
  const problems: string[] = [];
  const tensor = { name: 'x', datatype: 'FP64' as const, shape: [2], data: Float64Array.of(1.5, -2) };
  for (const client of [
    createGrpcClient({ endpoint: `127.0.0.1:${server.grpcPort}` }),
    createRestClient({ baseUrl: `http://127.0.0.1:${server.httpPort}` }),
  ]) {
    try {
      const { outputs } = await client.infer({ modelName: 'simple_scaler', inputs: [tensor] });
      if (String(outputs[0]?.data) !== '3,-4')
        problems.push(`a valid inference over ${client.transport} is wrong: ${outputs[0]?.data}`);
    } catch (error) {
      problems.push(`a valid inference over ${client.transport} fails: ${(error as Error).message}`);
    } finally {
      await client[Symbol.asyncDispose]();
    }
  }
  return problems;
}

/** The inputs that do it alone, each tried with a server that has seen the ones before. */
async function culpritsAmong(target: Target, batch: readonly Buffer[], options: FuzzOptions): Promise<Buffer[]> {
  const culprits: Buffer[] = [];
  let server = await startBundledServer({ ...options, config });
  for (const input of batch) {
    let given = false;
    await sendAll(target, server, () => {
      if (given) return undefined;
      given = true;
      return input;
    });
    // What the server says comes a moment later.
    if (target.name !== 'http2') await looked(server);
    else await new Promise((resolve) => setTimeout(resolve, 2));
    if (server.takeFindings().length === 0) continue;
    culprits.push(input);
    if (culprits.length >= 3) break;
    if (server.ended) server = await startBundledServer({ ...options, config });
  }
  await server[Symbol.asyncDispose]();
  return culprits;
}
