/** What every way of showing progress has, and the line that all of them write of a phase. */
import { type PhaseName, type PhaseRecord, type Progress, phaseTitles } from '../../commands/context.js';
import { formatDuration } from '../../duration.js';
import { oneLine } from '../../plain-text.js';
import type { Paint } from '../colour.js';
import type { Symbols } from '../symbols.js';
import { cutTo } from '../text.js';

/** Progress that is shown somewhere. */
export interface ProgressDisplay extends Progress {
  /** Takes away what is drawn, before anything else is written. */
  end(): void;
}

/** Where and with what lines are drawn. */
export interface Drawing {
  stream: NodeJS.WriteStream;
  paint: Paint;
  symbols: Symbols;
}

const titleColumns = 18;
const timeColumns = 8;

/** Columns of a terminal; endless where there is none to overrun. */
export function columnsOf({ isTTY, columns }: NodeJS.WriteStream): number {
  return isTTY === true && columns > 0 ? columns : Number.POSITIVE_INFINITY;
}

/** `✔ Image               1.12 s  assembled (cached)`, aligned over all phases. */
export function finishedLine({ phase, ms, detail, cached }: PhaseRecord, drawing: Drawing): string {
  const text = `${oneLine(detail)}${cached ? ' (cached)' : ''}`;
  return phaseLine(drawing, drawing.paint('green', drawing.symbols.done), phase, formatDuration(ms), text);
}

/** The same of a phase that failed; why it did is told by the command's error. */
export function failedLine(phase: PhaseName, ms: number, drawing: Drawing): string {
  return phaseLine(drawing, drawing.paint('red', drawing.symbols.failed), phase, formatDuration(ms), '');
}

/** @param mark of one column, painted or not */
export function phaseLine(drawing: Drawing, mark: string, phase: PhaseName, time: string, detail: string): string {
  const { stream, paint, symbols } = drawing;
  const head = `${phaseTitles[phase].padEnd(titleColumns)} ${time.padStart(timeColumns)}`;
  const columns = columnsOf(stream) - 2;
  const room = columns - head.length - 2;
  const shown = cutTo(room, detail, symbols.cut);
  return `${mark} ${cutTo(columns, head, symbols.cut)}${shown === '' ? '' : `  ${paint('dim', shown)}`}`.trimEnd();
}
