/** What a check is, and how its outcome is told: passed, failed, noted (legal but unusual) or skipped. */

import type { ModelConfig } from '../models/kinds.js';
import type { InferenceClient } from '../protocol/client.js';

/** The server as checks reach it. */
export interface CheckContext {
  /** Absent where the server is not reached over this transport. */
  grpc?: InferenceClient;
  rest?: InferenceClient;
  /** The models to expect. */
  models: ModelConfig[];
  signal: AbortSignal;
}

/** One thing that must hold, over one transport. */
export interface Check {
  /** Stable, for programs: `scale/simple_scaler/FP64/grpc-typed`. */
  id: string;
  /** A line of the specification, for people. */
  title: string;
  transport: 'grpc' | 'rest';
  /** Model that must be there; the check is skipped on a server that lacks it. */
  model?: string;
  /**
   * @throws CheckFailure when the server is wrong, CheckSkipped when it cannot be told
   * @returns a note when the answer is legal and differs from ours
   */
  run(client: InferenceClient, context: CheckContext): Promise<string | undefined>;
}

/** Every check runs over each of them. */
export const transports = ['grpc', 'rest'] as const;

export type CheckStatus = 'passed' | 'failed' | 'noted' | 'skipped';

/** How a check went. */
export interface CheckResult {
  id: string;
  title: string;
  transport: 'grpc' | 'rest';
  status: CheckStatus;
  /** Milliseconds. */
  ms: number;
  /** Why it failed, was noted or skipped. */
  message?: string;
}

/** The server's answer is wrong. */
export class CheckFailure extends Error {}

/** The check does not apply to this server. */
export class CheckSkipped extends Error {}

/** @throws CheckFailure unless both are the same JSON */
export function expectEqual(what: string, got: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(got), JSON.stringify(expected)];
  if (left !== right) throw new CheckFailure(`${what}: expected ${right}, got ${left}`);
}

/** @throws CheckFailure with this message unless the condition holds */
export function expectThat(condition: boolean, message: string): asserts condition {
  if (!condition) throw new CheckFailure(message);
}
