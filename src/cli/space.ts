/** Where the report of a verb is shown: what it may draw there, and how much. */
import { type Paint, painter } from './colour.js';
import { columnsOf } from './progress/display.js';
import type { GlobalFlags, Terminal } from './run.js';
import { type Symbols, symbolsFor } from './symbols.js';

/** What a report is drawn with. */
export interface Space {
  symbols: Symbols;
  paint: Paint;
  /** Of the terminal; endless where there is none. */
  columns: number;
  /** All that there is, and not only what matters most. */
  verbose: boolean;
}

/** Standard output, as the flags have it. */
export function spaceOf({ stdout, env }: Terminal, { verbose }: GlobalFlags): Space {
  return {
    symbols: symbolsFor(env),
    paint: painter(stdout, env),
    columns: columnsOf(stdout),
    verbose: verbose === true,
  };
}
