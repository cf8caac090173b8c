/** The schema of a duration as people write it. Apart from duration.ts, which programs load that check nothing. */
import * as z from 'zod';
import { durationExpectation, parseDuration } from './duration.js';

/** A duration with its unit; it stays text, so that it reads the same wherever it is shown. */
export const durationText = z
  .string({ error: durationExpectation })
  .refine((text) => parseDuration(text) !== undefined, { error: durationExpectation });
