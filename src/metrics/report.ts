/** What became of the rules. */
import type { OipError } from '../protocol/status.js';
import type { OtlpFormat } from './otlp-document.js';

/** Why something of a rule has no result. */
export type RuleErrorKind = 'no-metric' | 'nothing-to-infer' | 'inexact-value' | 'refused' | 'unusable-output';

/** An error of a rule; equal ones are counted. */
export interface RuleError {
  kind: RuleErrorKind;
  /** gRPC status name where the server or the transport refused, else null. */
  status: string | null;
  message: string;
  /** How many groups (for an output, how many answers) it met. */
  count: number;
  /** The first refusal of this kind, as the client threw it. */
  cause?: OipError;
}

/** Points or series that went into no inference, by the reason. */
export interface LeftOut {
  reason: 'no-value' | 'short-window' | 'not-aligned';
  count: number;
  /** The first of them, in words. */
  example: string;
}

/** What became of one rule. */
export interface RuleReport {
  model: string;
  /** As the answers say; null where there is none. */
  modelVersion: string | null;
  metrics: readonly string[];
  /** Inferences that were to be made. */
  groups: number;
  /** Inferences that were answered. */
  inferences: number;
  /** Metrics that were added: one for each output and scope. */
  newMetrics: number;
  newPoints: number;
  /** Names of the metrics that were added. */
  names: string[];
  errors: RuleError[];
  leftOut: LeftOut[];
}

/** What became of all rules, and of the input. */
export interface MetricsReport {
  format: OtlpFormat;
  rules: RuleReport[];
  /** Metrics of the input; each was compared byte for byte with what came out. */
  originals: { metrics: number; unchanged: boolean };
  warnings: string[];
  /** Milliseconds, all of it and its parts. The calls of a rule run side by side; `infer` is the time until the last answer. */
  ms: number;
  parts: { read: number; infer: number; write: number };
}
