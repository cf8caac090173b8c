/** Durations as people write them, `90s` or `5m`, held as milliseconds. */
import ms, { type StringValue } from 'ms';

/** What a message says where something else was got. */
export const durationExpectation = 'a duration with a unit, such as 500ms, 90s or 5m';

/** A timer set for longer than this, almost 25 days, fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Milliseconds, or undefined if the text is no positive duration with a unit, or longer than a timer can wait. */
export function parseDuration(text: string): number | undefined {
  if (!/^\d+(\.\d+)?\s*(ms|s|m|h)$/.test(text)) return undefined;
  const value = ms(text as StringValue);
  return value > 0 && value <= longestTimerMs ? value : undefined;
}

/** `1234` → `1.23 s`: for people, three significant digits at most. */
export function formatDuration(milliseconds: number): string {
  // The unit is chosen by the rounded value: 999.6 is 1.00 s, not 1000 ms.
  if (Math.round(milliseconds) < 1000) return `${Math.round(milliseconds)} ms`;
  if (Math.round(milliseconds / 10) < 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  if (Math.round(milliseconds / 100) < 600) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}m${seconds % 60 === 0 ? '' : `${seconds % 60}s`}`;
}
