/** The signs that are drawn with, and what stands for them where a terminal has ASCII alone. */
import type { Environment } from './colour.js';

/** What is drawn with. */
export interface Symbols {
  done: string;
  failed: string;
  /** Of what is legal and unusual. */
  noted: string;
  /** Of what was passed over. */
  skipped: string;
  /** Of a phase that has not begun. */
  coming: string;
  /** In front of the next step. */
  next: string;
  /** In front of an answer. */
  back: string;
  /** Where a line was cut. */
  cut: string;
  spinner: readonly string[];
  bar: string;
  /** From the least to the most. */
  levels: readonly string[];
}

const unicode: Symbols = {
  done: '✔',
  failed: '✖',
  noted: 'ℹ',
  skipped: '–',
  coming: '·',
  next: '→',
  back: '←',
  cut: '…',
  spinner: [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'],
  bar: '█',
  levels: [...'▁▂▃▄▅▆▇█'],
};

const ascii: Symbols = {
  done: '+',
  failed: 'x',
  noted: 'i',
  skipped: '-',
  coming: '.',
  next: '->',
  back: '<-',
  cut: '~',
  spinner: [...'-\\|/'],
  bar: '#',
  levels: [...'_.-=*#'],
};

/**
 * By the locale, in the order in which POSIX looks for it. Where no variable tells, as in most containers, what reads
 * the output is a log or a terminal of today, unless it is the Linux console or an old one of Windows.
 */
export function symbolsFor(env: Environment, platform: NodeJS.Platform = process.platform): Symbols {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG;
  if (env.TERM === 'linux') return ascii;
  if (locale) return /utf-?8/i.test(locale) ? unicode : ascii;
  if (platform !== 'win32') return unicode;
  return env.WT_SESSION || env.TERM_PROGRAM || env.TERM || env.CI ? unicode : ascii;
}
