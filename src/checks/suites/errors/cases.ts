/** What a server must refuse, and that it is alive and right afterwards. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';
import { contentsRows } from './contents-rows.js';
import { elementRows } from './element-rows.js';
import { jsonRows } from './json-rows.js';
import { messageRows } from './message-rows.js';
import { namesRows } from './names-rows.js';
import { rawRows } from './raw-rows.js';
import { routeRows } from './route-rows.js';
import type { Row } from './row.js';
import { casesOfRows } from './row-cases.js';
import { shapeRows } from './shape-rows.js';

/** The table of docs/bad-input.md, in its order as far as that can be. */
const table: readonly Row[] = [
  ...namesRows,
  ...shapeRows,
  ...contentsRows,
  ...rawRows,
  ...elementRows,
  ...jsonRows,
  ...routeRows,
  ...messageRows,
];

/** The cases that apply to a server. */
export function errorsCases(server: ServerProfile): Case[] {
  return casesOfRows('errors', table, server);
}
