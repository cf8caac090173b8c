/** How long a delay is: pure functions of the fault and of what is drawn for the call. */
import { parseDuration } from '../../duration.js';
import type { Fault } from '../../faults/fault.js';
import type { Strike } from './fault-site.js';

/** A timer set for longer than this, almost 25 days, fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Milliseconds that a call is delayed; never negative, however wide the jitter is. */
export function delayMs({ fault, draw }: Strike<'delay'>): number {
  return Math.min(Math.max(0, sample(fault, draw)), longestTimerMs);
}

function sample({ time, jitter, distribution }: Fault<'delay'>, draw: Strike['draw']): number {
  const mean = parseDuration(time) ?? 0;
  const width = jitter === undefined ? 0 : (parseDuration(jitter) ?? 0);
  // What is drawn is below 1, so that no logarithm is of 0.
  if (distribution === 'exponential') return -mean * Math.log(1 - draw('delay'));
  if (distribution === 'uniform') return mean + (2 * draw('delay') - 1) * width;
  // Box and Muller, A Note on the Generation of Random Normal Deviates, 1958
  const deviation = Math.sqrt(-2 * Math.log(1 - draw('delay'))) * Math.cos(2 * Math.PI * draw('delay angle'));
  return mean + deviation * width;
}
