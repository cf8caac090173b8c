/** Progress as lines: one a phase, and a sign of life where one takes long. */
import { type PhaseName, phaseTitles } from '../../commands/context.js';
import { formatDuration } from '../../duration.js';
import { oneLine } from '../../plain-text.js';
import { type Drawing, failedLine, finishedLine, type ProgressDisplay } from './display.js';

/** Milliseconds between two signs of life. */
const heartbeatMs = 10_000;

/** @param beatMs milliseconds between two signs of life; for tests */
export function plainProgress(drawing: Drawing, beatMs = heartbeatMs): ProgressDisplay {
  const { stream } = drawing;
  let heartbeat: NodeJS.Timeout | undefined;
  let detail = '';
  const beat = (phase: PhaseName) => {
    const start = performance.now();
    detail = '';
    clearInterval(heartbeat);
    heartbeat = setInterval(() => {
      const elapsed = formatDuration(performance.now() - start);
      stream.write(`. ${phaseTitles[phase]}: still at it after ${elapsed}${detail ? `; ${detail}` : ''}\n`);
    }, beatMs);
    heartbeat.unref();
  };
  return {
    phaseStarted: beat,
    phaseDetail(text) {
      detail = oneLine(text);
    },
    phaseFinished(record) {
      clearInterval(heartbeat);
      stream.write(`${finishedLine(record, drawing)}\n`);
    },
    phaseFailed(phase, ms) {
      clearInterval(heartbeat);
      stream.write(`${failedLine(phase, ms, drawing)}\n`);
    },
    note: (text) => void stream.write(`${oneLine(text)}\n`),
    end: () => clearInterval(heartbeat),
  };
}
