/** Durations as people write them, `90s` or `5m`, held as milliseconds. */
import ms, { type StringValue } from 'ms';

/** What a message says where something else was got. */
export const durationExpectation = 'a duration with a unit, such as 500ms, 90s or 5m';

/** Milliseconds, or undefined if the text is no positive duration with a unit. */
export function parseDuration(text: string): number | undefined {
  if (!/^\d+(\.\d+)?\s*(ms|s|m|h)$/.test(text)) return undefined;
  const value = ms(text as StringValue);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

/** `1234` → `1.23 s`: for people, three significant digits at most. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}m${seconds % 60 === 0 ? '' : `${seconds % 60}s`}`;
}
