/** What failed and what was noted, each with request and answer; cases alike stand together. */
import type { CaseResult } from '../case.js';
import type { Exchange } from '../exchange.js';
import { type Alike, alikeCases, countOf } from './alike.js';
import { arrows, transportTitle } from './exchange-text.js';
import { empty, html, type Markup } from './html-markup.js';
import { type Anchors, letterOf, markOf } from './html-words.js';
import { commandOfCase, fails, type RunReport } from './run-report.js';

/** Failures that are open when the page is. */
const mostOpen = 20;
/** Characters of requests and answers of cases that are like another one: the page shall stay below a megabyte. */
const roomOfOthers = 250_000;
/** Kinds of failures or notes that are told of. */
const mostGroups = 200;

/** The cases that failed, where notes count those too. */
export function failuresSection(report: RunReport, anchors: Anchors): Markup {
  const failed = report.cases.filter((one) => fails(one, report));
  return section({ id: 'failures', title: 'Failures', cases: failed, open: true }, report, anchors);
}

/** What is legal and unusual. */
export function notesSection(report: RunReport, anchors: Anchors): Markup {
  const noted = report.cases.filter((one) => one.status === 'noted' && !fails(one, report));
  return section({ id: 'notes', title: 'Notes', cases: noted, open: false }, report, anchors);
}

interface Findings {
  id: string;
  title: string;
  cases: CaseResult[];
  open: boolean;
}

function section({ id, title, cases, open }: Findings, report: RunReport, anchors: Anchors): Markup {
  if (cases.length === 0) return empty;
  const groups = alikeCases(cases);
  const room = { left: roomOfOthers };
  const shown = groups.slice(0, mostGroups);
  const rest = countOf(groups.slice(mostGroups));
  return html`<section aria-labelledby="${id}" data-g><h2 id="${id}">${title}</h2>
${shown.map((group, index) => card(group, open && index < mostOpen, report, anchors, room))}
${rest > 0 ? html`<p>${rest} more are in the table below, and in the reports as JSON and JUnit XML.</p>` : empty}</section>`;
}

function card(
  { first, others }: Alike,
  open: boolean,
  report: RunReport,
  anchors: Anchors,
  room: { left: number },
): Markup {
  const { status, title, message = '' } = first;
  const kind = status === 'noted' ? 'card note' : 'card';
  const more = others.length === 0 ? empty : html` <small>and ${others.length} more like it</small>`;
  return html`<details class="${kind}" data-v="${letterOf[status]}"${open ? html` open` : empty}><summary>${verdict(first)} ${title}${more}</summary>
<div class="inner" id="${anchors.get(first) ?? ''}"><p class="message">${message}</p>
${(first.exchanges ?? []).map(exchange)}${said(first, report)}${othersList(others, anchors, room)}</div></details>
`;
}

function verdict({ status }: CaseResult): Markup {
  return html`<span class="${letterOf[status]}" role="img" aria-label="${status}">${markOf[status]}</span>`;
}

function said({ id, spec, why }: CaseResult, report: RunReport): Markup {
  return html`<dl class="said"><dt>Specification</dt><dd>${spec}</dd><dt>Why it matters</dt><dd>${why}</dd><dt>Case</dt><dd class="id">${id}</dd><dt>Alone</dt><dd><code>${commandOfCase(id, report)}</code></dd></dl>`;
}

function othersList(others: readonly CaseResult[], anchors: Anchors, room: { left: number }): Markup {
  if (others.length === 0) return empty;
  return html`<details><summary>${others.length} more like it</summary><ul class="more">${others.map((one) => {
    const last = one.exchanges?.at(-1);
    const size = last === undefined ? 0 : JSON.stringify(last).length;
    room.left -= size;
    return html`<li id="${anchors.get(one) ?? ''}"><span class="id">${one.id}</span> ${one.message ?? ''}${last !== undefined && room.left > 0 ? exchange(last) : empty}</li>
`;
  })}</ul></details>`;
}

function exchange({ transport, call, request, answer, ms }: Exchange): Markup {
  const lines = (some: readonly string[]) => (some.length === 0 ? empty : html`<pre>${some.join('\n')}</pre>`);
  return html`<div class="asked"><figure><figcaption>${arrows.request} ${transportTitle[transport]} ${call}</figcaption>${lines(request)}</figure><figure><figcaption>${arrows.answer} after ${ms} ms</figcaption>${lines(answer)}</figure></div>`;
}
