/** Shows progress on stderr: a spinner on a terminal, one line a phase and a heartbeat elsewhere, or nothing. */
import { styleText } from 'node:util';
import type { Ora } from 'ora';
import { type PhaseName, type PhaseRecord, type Progress, phaseTitles, silentProgress } from '../commands/context.js';
import { formatDuration } from '../duration.js';

/** Ways to show progress, as `--progress` takes them. */
export const progressModes = ['auto', 'tty', 'plain', 'quiet'] as const;
export type ProgressMode = (typeof progressModes)[number];

/** Milliseconds between two signs of life of a long phase, where there is no spinner. */
const heartbeatMs = 10_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** The progress display of a mode; `auto` draws a spinner on a terminal outside CI. */
export async function createProgress(
  mode: ProgressMode,
  stream: NodeJS.WriteStream,
  env: Environment,
): Promise<Progress> {
  if (mode === 'quiet') return silentProgress;
  const paint = painter(stream, env);
  // A terminal that knows no width, as some remote ones, cannot be drawn on: rows would be counted without end.
  const drawable = stream.isTTY !== true || (stream.columns ?? 80) > 0;
  const spinner = drawable && (mode === 'tty' || (mode === 'auto' && stream.isTTY === true && !env.CI));
  // Loaded where it is drawn: most calls in scripts never need it.
  return spinner ? spinnerProgress(stream, paint, (await import('ora')).default) : plainProgress(stream, paint);
}

/** `Image               1.12 s  assembled …`, aligned over all phases. */
function phaseLine({ phase, ms, detail, cached }: PhaseRecord, paint: Paint): string {
  const title = phaseTitles[phase].padEnd(18);
  const time = formatDuration(ms).padStart(8);
  return `${title} ${time}  ${paint('dim', `${oneLine(detail)}${cached ? ' (cached)' : ''}`)}`;
}

/** Details carry words of servers and daemons, which must not move the cursor. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

type Paint = (style: 'dim' | 'green' | 'red' | 'yellow', text: string) => string;

/** Colour only where the stream is a terminal and nobody objects. */
export function painter(stream: { isTTY?: boolean }, { NO_COLOR, FORCE_COLOR }: Environment): Paint {
  const colour = FORCE_COLOR ? FORCE_COLOR !== '0' : stream.isTTY === true && !NO_COLOR;
  // Decided here for this stream; Node would decide for stdout.
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}

function spinnerProgress(stream: NodeJS.WriteStream, paint: Paint, ora: typeof import('ora').default): Progress {
  let current: Ora | undefined;
  let title = '';
  return {
    phaseStarted(phase) {
      title = phaseTitles[phase];
      // Our own Ctrl-C handler cleans up; ora must not swallow the key.
      current = ora({ text: title, stream, discardStdin: false }).start();
    },
    phaseDetail(detail) {
      if (current) current.text = `${title}  ${paint('dim', oneLine(detail))}`;
    },
    phaseFinished(record) {
      current?.succeed(phaseLine(record, paint));
      current = undefined;
    },
    phaseFailed(phase, ms) {
      current?.fail(`${phaseTitles[phase].padEnd(18)} ${formatDuration(ms).padStart(8)}`);
      current = undefined;
    },
    note(text) {
      current?.clear();
      stream.write(`${paint('dim', text)}\n`);
    },
  };
}

function plainProgress(stream: NodeJS.WriteStream, paint: Paint): Progress {
  let heartbeat: NodeJS.Timeout | undefined;
  let detail = '';
  const beat = (phase: PhaseName) => {
    const start = performance.now();
    detail = '';
    heartbeat = setInterval(() => {
      const elapsed = formatDuration(performance.now() - start);
      stream.write(`. ${phaseTitles[phase]}: still at it after ${elapsed}${detail ? `; ${detail}` : ''}\n`);
    }, heartbeatMs);
    heartbeat.unref();
  };
  return {
    phaseStarted: beat,
    phaseDetail(text) {
      detail = oneLine(text);
    },
    phaseFinished(record) {
      clearInterval(heartbeat);
      stream.write(`✔ ${phaseLine(record, paint)}\n`);
    },
    phaseFailed(phase, ms) {
      clearInterval(heartbeat);
      stream.write(`✖ ${phaseTitles[phase].padEnd(18)} ${formatDuration(ms).padStart(8)}\n`);
    },
    note(text) {
      stream.write(`${text}\n`);
    },
  };
}
