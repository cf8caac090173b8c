/** Progress on a terminal: finished phases stay, below them the current one moves, and those to come wait. */
import { type PhaseName, phaseTitles } from '../../commands/context.js';
import { formatDuration } from '../../duration.js';
import { oneLine } from '../../plain-text.js';
import { cutTo, widthOf } from '../text.js';
import { columnsOf, type Drawing, failedLine, finishedLine, type ProgressDisplay, phaseLine } from './display.js';

/** Milliseconds between two pictures. */
const frameMs = 100;

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const eraseBelow = '\u001b[J';
const up = (rows: number) => (rows > 0 ? `\u001b[${rows}A` : '');
/** Should a font be wider than we think, the row's end is overwritten rather than a row begun that nobody erases. */
const unwrapped = (text: string) => `\u001b[?7l${text}\u001b[?7h`;

/**
 * What has ended is written once and belongs to the terminal; only the rows below it are drawn again. A picture is one
 * write, so that it is never seen half.
 */
export function liveProgress(drawing: Drawing): ProgressDisplay {
  const { stream, paint, symbols } = drawing;
  let coming: readonly PhaseName[] = [];
  const past = new Set<PhaseName>();
  let current: { phase: PhaseName; start: number; detail: string } | undefined;
  /** Columns of each row that is drawn now and will be erased. */
  let drawn: number[] = [];
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;

  /** Rows that a terminal has made of one since its width changed are counted too. */
  const erase = () => {
    const columns = columnsOf(stream);
    const rows = drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return `${up(rows - 1)}\r${eraseBelow}`;
  };
  const rows = (): { text: string; width: number }[] => {
    const room = columnsOf(stream);
    const later = coming.map((name) => cutTo(room, `${symbols.coming} ${phaseTitles[name]}`, symbols.cut));
    return [
      ...(current === undefined ? [] : [currentRow(current)]),
      ...later.map((text) => ({ text: paint('dim', text), width: widthOf(text) })),
      // The last row of the window stays free: what goes beyond it cannot be erased.
    ].slice(0, Math.max(1, (stream.rows || 24) - 1));
  };
  const currentRow = ({ phase, start, detail }: NonNullable<typeof current>) => {
    const elapsed = formatDuration(performance.now() - start);
    const mark = symbols.spinner[frame % symbols.spinner.length] ?? '';
    const bare = phaseLine({ ...drawing, paint: (_, text) => text }, mark, phase, elapsed, detail);
    return { text: phaseLine(drawing, paint('yellow', mark), phase, elapsed, detail), width: widthOf(bare) };
  };
  /** @param above what stays, whole lines */
  const draw = (above = '') => {
    const next = rows();
    stream.write(`${erase()}${above}${unwrapped(next.map(({ text }) => text).join('\n'))}`);
    drawn = next.map(({ width }) => width);
  };
  const ended = (line: string) => {
    current = undefined;
    draw(`${line}\n`);
  };
  const restore = () => void stream.write(showCursor);
  const redraw = () => draw();
  const begin = () => {
    stream.write(hideCursor);
    // The second Ctrl-C ends the process at once: nobody may be left without a cursor.
    process.once('exit', restore);
    stream.on('resize', redraw);
    timer = setInterval(() => {
      frame += 1;
      if (current !== undefined) draw();
    }, frameMs).unref();
  };
  return {
    phasesExpected(phases) {
      coming = phases.filter((phase) => !past.has(phase));
    },
    phaseStarted(phase) {
      if (timer === undefined) begin();
      past.add(phase);
      // One that was passed over will not come any more.
      coming = coming.slice(coming.indexOf(phase) + 1);
      current = { phase, start: performance.now(), detail: '' };
      draw();
    },
    phaseDetail(detail) {
      // Drawn with the next picture: some tell more often than anybody can read.
      if (current !== undefined) current.detail = oneLine(detail);
    },
    phaseFinished: (record) => ended(finishedLine(record, drawing)),
    phaseFailed: (phase, ms) => ended(failedLine(phase, ms, drawing)),
    note(text) {
      const line = paint('dim', oneLine(text));
      if (timer === undefined) stream.write(`${line}\n`);
      else draw(`${line}\n`);
    },
    end() {
      if (timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
      stream.off('resize', redraw);
      process.off('exit', restore);
      current = undefined;
      stream.write(`${erase()}${showCursor}`);
      drawn = [];
    },
  };
}
