/** What a case is: one thing that must hold of a server, and how its verdict is told. */
import type { Exchange } from './exchange.js';
import type { Probe } from './probe.js';

/** The suites, in the order in which they run. */
export const suiteNames = [
  'health',
  'metadata',
  'infer',
  'errors',
  'streaming',
  'compression',
  'metrics',
  'concurrency',
  'repository',
  'faults',
] as const;

export type SuiteName = (typeof suiteNames)[number];

/** Those that run where no suite is asked for: the others break things on purpose. */
export const usualSuites: readonly SuiteName[] = suiteNames.filter((name) => name !== 'faults');

export type Transport = 'grpc' | 'rest';

/** Every case of one transport has its sister over the other. */
export const transports = ['grpc', 'rest'] as const;

/** As people write them. */
export const transportNames: Readonly<Record<Transport, string>> = { grpc: 'gRPC', rest: 'REST' };

/** What a case is about. */
export interface CaseDescription {
  /** Stable, for programs: `infer/simple_scaler/values/FP64/grpc-typed`. Begins with the suite's name. */
  id: string;
  suite: SuiteName;
  /** A line of a specification, for people. */
  title: string;
  /** What the specification says, or what its absence leaves to common sense. */
  spec: string;
  /** What a client suffers where it does not hold. */
  why: string;
  /** The transports that it needs; it is skipped where one is not reached. */
  transports: readonly Transport[];
  /** Model that it is about. */
  model?: string;
}

/** One thing that must hold. */
export interface Case extends CaseDescription {
  /**
   * @throws CaseFailure when the server is wrong, CaseSkipped when it cannot be told
   * @returns a note when the answer is legal and differs from what most clients expect
   */
  run(probe: Probe): Promise<string | undefined>;
}

/** What a case is about, without what runs it and what came of it. */
export function descriptionOf({ id, suite, title, spec, why, transports, model }: CaseDescription): CaseDescription {
  return { id, suite, title, spec, why, transports, ...(model !== undefined && { model }) };
}

/** passed; failed; noted: legal but unusual; skipped: cannot be told of this server. */
export const verdicts = ['passed', 'failed', 'noted', 'skipped'] as const;

export type Verdict = (typeof verdicts)[number];

/** How a case went. */
export interface CaseResult extends CaseDescription {
  status: Verdict;
  /** Milliseconds; of all its runs where it was repeated. */
  ms: number;
  /** Why it failed, was noted or skipped. */
  message?: string;
  /** How often it ran, and in how many runs it failed, where it was repeated. */
  repeats?: { runs: number; failed: number };
  /** The last requests and their answers, where it failed or was noted. */
  exchanges?: Exchange[];
}

/** The server's answer is wrong. */
export class CaseFailure extends Error {}

/** The case does not apply to this server. */
export class CaseSkipped extends Error {}

/** @throws CaseFailure unless both are the same JSON */
export function expectEqual(what: string, got: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(got), JSON.stringify(expected)];
  if (left !== right) throw new CaseFailure(`${what}: expected ${right}, got ${left}`);
}

/** @throws CaseFailure with this message unless the condition holds */
export function expectThat(condition: boolean, message: string): asserts condition {
  if (!condition) throw new CaseFailure(message);
}
