/** The cases of `smoke`, for people: ids to copy, and what each is about. Pure. */
import type { SmokeListReport } from '../commands/smoke-list.js';
import { oneLine } from '../plain-text.js';
import { alignedRows } from './columns.js';

/** A case a line, or with all that is said of it. */
export function renderSmokeList({ cases, server, asked }: SmokeListReport, verbose: boolean): string {
  const count = `${cases.length} ${cases.length === 1 ? 'case' : 'cases'}`;
  const whose = asked
    ? `${count} for ${oneLine([server.name, server.version].filter(Boolean).join(' '))}`
    : `${count} for a kserve-env with its default models; no server was asked`;
  if (!verbose) return [...alignedRows(cases.map(({ id, title }) => [oneLine(id), oneLine(title)])), whose].join('\n');
  const blocks = cases.map(({ id, title, spec, why }) =>
    [oneLine(id), `  ${oneLine(title)}`, `  spec  ${oneLine(spec)}`, `  why   ${oneLine(why)}`].join('\n'),
  );
  return [...blocks, whose].join('\n');
}
