/** Streams for tests: one that remembers what was written to it, and one that draws it as a terminal does. */
import { PassThrough } from 'node:stream';
import xterm from '@xterm/headless';

export interface Recorder {
  stream: NodeJS.WriteStream;
  text(): string;
}

/** What a terminal can do with its cursor; where it is does not matter here. */
const cursor = { cursorTo: () => true, clearLine: () => true, moveCursor: () => true };

export function recorder({ isTTY = false, columns = 120, rows = 24 } = {}): Recorder {
  let written = '';
  const stream = new PassThrough({ encoding: 'utf8' }).on('data', (chunk: string) => {
    written += chunk;
  });
  return {
    stream: Object.assign(stream, { isTTY, columns, rows, ...cursor }) as unknown as NodeJS.WriteStream,
    text: () => written,
  };
}

/** A terminal that draws what is written to it. */
export interface Screen {
  stream: NodeJS.WriteStream;
  /** What can be seen and scrolled to, without empty rows at the end; `wrapped` rows are marked with `⏎`. */
  lines(): Promise<string[]>;
  cursorVisible(): Promise<boolean>;
  resize(columns: number, rows: number): void;
}

export function screen({ columns = 80, rows = 24 } = {}): Screen {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    allowProposedApi: true,
    convertEol: true,
    scrollback: 500,
  });
  const stream = new PassThrough({ encoding: 'utf8' }).on('data', (chunk: string) => terminal.write(chunk));
  const drawn = () => new Promise<void>((resolve) => terminal.write('', resolve));
  Object.assign(stream, { isTTY: true, columns, rows });
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    async lines() {
      await drawn();
      const { buffer } = terminal;
      const lines = Array.from({ length: buffer.active.length }, (_, index) => {
        const line = buffer.active.getLine(index);
        return `${line?.isWrapped ? '⏎' : ''}${line?.translateToString(true) ?? ''}`;
      });
      while (lines.at(-1) === '') lines.pop();
      return lines;
    },
    async cursorVisible() {
      await drawn();
      // No public property tells it; DECRQM asks as a program would (mode 25: 1 is set, 2 is reset).
      const answer = new Promise<string>((resolve) => terminal.onData(resolve));
      terminal.write('\u001b[?25$p');
      return (await answer).startsWith('\u001b[?25;1');
    },
    resize(columns, rows) {
      terminal.resize(columns, rows);
      Object.assign(stream, { columns, rows });
      stream.emit('resize');
    },
  };
}
