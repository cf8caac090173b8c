/** The table of docs/bad-input.md: what is sent for each of its rows, and what has to come of it. */
import { dataRows } from './bad-input-data.js';
import { messageRows } from './bad-input-messages.js';
import type { BadInputRow } from './bad-input-row.js';
import { tensorRows } from './bad-input-tensors.js';

/** In the order of the documentation. */
export const badInputTable: readonly BadInputRow[] = [...tensorRows, ...dataRows, ...messageRows];
