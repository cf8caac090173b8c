/** The upper part of the page: the verdict, the server, the suites, how long it took to set up, and what was slow. */
import { formatDuration } from '../../duration.js';
import { percentOf } from '../../markdown.js';
import { type CaseResult, verdicts } from '../case.js';
import { type Content, empty, html, type Markup } from './html-markup.js';
import { type Anchors, headline, letterOf, markOf, timeOf } from './html-words.js';
import { type RunReport, type SetUpTimes, succeeded } from './run-report.js';

/** Cases in the list of slow ones. */
const mostSlow = 10;

/** Verdict and facts. */
export function pageHeader(report: RunReport): Markup {
  const { server, endpoints, environment, startedAt, ms, strict, notRun } = report;
  const good = succeeded(report);
  const facts: [string, Content][] = [
    ['Server', [server.name, server.version].filter(Boolean).join(' ') || 'says nothing of itself'],
    ...(environment === undefined ? [] : [['Environment', environment] satisfies [string, Content]]),
    ...(endpoints.grpc === undefined
      ? []
      : [['gRPC', html`<code>${endpoints.grpc}</code>`] satisfies [string, Content]]),
    ...(endpoints.http === undefined
      ? []
      : [['REST', html`<code>${endpoints.http}</code>`] satisfies [string, Content]]),
    ['Models', server.models.join(', ') || 'none'],
    ['Extensions', server.extensions.join(', ') || 'none'],
    ['Checked', html`${moment(new Date(startedAt).toISOString())}, in ${formatDuration(ms)}`],
    ['By', `kserve-env ${report.version}${strict ? ', strict: notes fail' : ''}`],
  ];
  return html`<header>
<p class="over">Open Inference Protocol, smoke report</p>
<h1><span class="${good ? 'p' : 'f'}" aria-hidden="true">${good ? markOf.passed : markOf.failed}</span> ${headline(report)}</h1>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${notRun > 0 ? html`<p class="f">The run ended with its first failure: ${notRun} cases were not run.</p>` : empty}
</header>`;
}

/** A row a suite, which leads to its table. */
export function suitesSection({ suites, summary, ms }: RunReport): Markup {
  const number = (count: number, letter: string) =>
    html`<td class="num ${count === 0 ? 'zero' : letter}">${count}</td>`;
  const longest = Math.max(1, ...suites.map((suite) => suite.ms));
  return html`<section aria-labelledby="suites"><h2 id="suites">Suites</h2>
<table class="suites"><thead><tr><th scope="col">suite</th><th scope="col" class="when">time</th>${verdicts.map((verdict) => html`<th scope="col" class="num">${verdict}</th>`)}<th scope="col" class="num">took</th></tr></thead>
<tbody>${suites.map(
    (
      suite,
    ) => html`<tr><th scope="row"><a href="#s-${suite.name}">${suite.name}</a></th><td class="when">${bar(0, suite.ms / longest)}</td>${verdicts.map((verdict) => number(suite[verdict], letterOf[verdict]))}<td class="num">${formatDuration(suite.ms)}</td></tr>
`,
  )}<tr class="total"><th scope="row">all</th><td class="when"></td>${verdicts.map((verdict) => number(summary[verdict], letterOf[verdict]))}<td class="num">${formatDuration(ms)}</td></tr></tbody></table></section>`;
}

/** The phases one after another, against the budget. */
export function setUpSection(setUp: SetUpTimes | undefined): Markup {
  if (setUp === undefined) return empty;
  const { time, engine, phases, totalMs, budgetMs } = setUp;
  let begin = 0;
  const rows = phases.map(({ title, ms, cached }) => {
    const row = html`<tr><th scope="row">${title}${cached ? ' (cached)' : ''}</th><td>${bar(begin / totalMs, ms / totalMs)}</td><td class="num">${formatDuration(ms)}</td></tr>
`;
    begin += ms;
    return row;
  });
  return html`<section aria-labelledby="set-up"><h2 id="set-up">Set-up</h2>
<p>The environment was up in ${formatDuration(totalMs)}, ${percentOf(totalMs / budgetMs)} of its ${formatDuration(budgetMs)} budget (${engine}, ${moment(time)}).</p>
<table class="flow"><thead><tr><th scope="col">phase</th><th scope="col">when</th><th scope="col" class="num">time</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

/** The cases that took longest. */
export function slowSection(cases: readonly CaseResult[], anchors: Anchors): Markup {
  const slow = [...cases].sort((left, right) => right.ms - left.ms).slice(0, mostSlow);
  const longest = slow[0]?.ms ?? 0;
  if (longest === 0) return empty;
  return html`<section aria-labelledby="slow"><h2 id="slow">Slowest</h2>
<ol class="slow">${slow.map(
    (one) =>
      html`<li><span class="num">${timeOf(one.ms)}</span>${bar(0, one.ms / longest)}<a href="#${anchors.get(one) ?? ''}">${one.title}</a></li>
`,
  )}</ol></section>`;
}

/** A time in ISO 8601, to the second. */
function moment(time: string): Markup {
  return html`<time datetime="${time}">${time.slice(0, 19).replace('T', ' ')} UTC</time>`;
}

/** Part of a whole, which begins somewhere; both as fractions. Attributes, since a policy without inline styles allows them. */
function bar(begin: number, share: number): Markup {
  const round = (fraction: number) => Math.round(fraction * 1000) / 10;
  // What took any time has a bar, however short.
  const width = Math.max(0.6, round(share));
  const x = Math.min(round(begin), 100 - width);
  return html`<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect class="back" y=".35" width="100" height=".3"/><rect x="${x}" width="${width}" height="1"/></svg>`;
}
