/** The report as one page that needs nothing else: no request, no library, no font. */
import { createHash } from 'node:crypto';
import { failuresSection, notesSection } from './html-findings.js';
import { empty, html, type Markup } from './html-markup.js';
import { matrixOf, matrixSections } from './html-matrix.js';
import { script } from './html-script.js';
import { style } from './html-style.js';
import { pageHeader, setUpSection, slowSection, suitesSection } from './html-summary.js';
import { headline, letterOf, markOf } from './html-words.js';
import { countOfFailing, type RunReport, succeeded } from './run-report.js';

/**
 * Whatever a server said stands there as text. Should that ever fail, the page's policy runs no script and loads
 * nothing but what is named by its hash (CSP, level 3).
 */
export function htmlReport(report: RunReport): string {
  const matrix = matrixOf(report);
  const good = succeeded(report);
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    `script-src '${hashOf(script)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${{ markup: policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${good ? markOf.passed : markOf.failed} ${headline(report)}, kserve-env smoke</title>
<link rel="icon" href="data:image/svg+xml,${{ markup: icon(good) }}">
<style>${{ markup: style }}</style>
</head>
<body>
<a class="skip" href="#cases">Skip to the cases</a>
${pageHeader(report)}
<main>
${suitesSection(report)}
${setUpSection(report.setUp)}
${tools(report)}
${failuresSection(report, matrix.anchors)}
${notesSection(report, matrix.anchors)}
<section aria-labelledby="cases"><h2 id="cases">Cases</h2>
<p class="id">${legend}</p>
${matrixSections(matrix)}</section>
${slowSection(report.cases, matrix.anchors)}
</main>
<footer>Made by kserve-env ${report.version}. This page is whole: it loads nothing, and may be kept or sent.</footer>
<script>${{ markup: script }}</script>
</body>
</html>
`;
  return page.markup;
}

const legend =
  '✔ passed  ✖ failed  ℹ legal, and unusual  – skipped. The line below a sign is its time, on a logarithmic scale.';

/** Shown by the script, which is what makes them work. */
function tools(report: RunReport): Markup {
  const verdicts = ['failed', 'noted', 'skipped', 'passed'] as const;
  return html`<div class="tools" role="search" aria-label="Filter of the cases" hidden>
<label>Find <input type="search" placeholder="title, id or model" autocomplete="off" spellcheck="false"></label>
<fieldset><legend>Verdicts that are shown</legend>${verdicts.map(
    (verdict) =>
      html`<label><input type="checkbox" value="${letterOf[verdict]}" checked autocomplete="off"> <span class="${letterOf[verdict]}" aria-hidden="true">${markOf[verdict]}</span> ${verdict} ${report.summary[verdict]}</label>`,
  )}</fieldset>
<output aria-live="polite"></output>${countOfFailing(report.summary, report) > 0 ? html`<a href="#failures">Failures</a>` : empty}</div>`;
}

/** A dot in the colour of the verdict. */
function icon(good: boolean): string {
  const colour = good ? '%2318722f' : '%23c21d2b';
  return `%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='${colour}'/%3E%3C/svg%3E`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
