/** Progress for programs: one JSON object a line, as it happens. */
import { type PhaseName, type PhaseRecord, type Progress, phaseTitles } from '../../commands/context.js';

/** Milliseconds in which one detail of a phase is told; what comes faster is left out. */
const detailMs = 200;

/** Writes one object; `event` says which kind, and `time` is ISO 8601. */
export type WriteEvent = (event: Record<string, unknown>) => void;

/** @param now a monotonic clock in milliseconds */
export function eventProgress(write: WriteEvent, now: () => number = () => performance.now()): Progress {
  let told = Number.NEGATIVE_INFINITY;
  let current: PhaseName | undefined;
  const tell = (event: string, fields: Record<string, unknown>) =>
    write({ event, time: new Date().toISOString(), ...fields });
  return {
    phaseStarted(phase) {
      current = phase;
      told = Number.NEGATIVE_INFINITY;
      tell('phase-started', { phase, title: phaseTitles[phase] });
    },
    phaseDetail(detail) {
      if (now() - told < detailMs) return;
      told = now();
      tell('phase-detail', { phase: current ?? null, detail });
    },
    phaseFinished: (record) => tell('phase-finished', { ...record }),
    phaseFailed: (phase, ms) => tell('phase-failed', { phase, ms }),
    note: (text) => tell('note', { text }),
  };
}

/**
 * Tells all of them the same.
 * @param remember called with each finished phase
 */
export function fanOut(all: readonly Progress[], remember: (record: PhaseRecord) => void): Required<Progress> {
  const each = (tell: (one: Progress) => void) => all.forEach(tell);
  return {
    phasesExpected: (phases) => each((one) => one.phasesExpected?.(phases)),
    phaseStarted: (phase) => each((one) => one.phaseStarted(phase)),
    phaseDetail: (detail) => each((one) => one.phaseDetail(detail)),
    phaseFinished(record) {
      remember(record);
      each((one) => one.phaseFinished(record));
    },
    phaseFailed: (phase, ms) => each((one) => one.phaseFailed(phase, ms)),
    note: (text) => each((one) => one.note(text)),
  };
}
