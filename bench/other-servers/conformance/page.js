/** Makes docs/conformance.md of a matrix. Pure: data in, text out. */
import { explanations } from './explanations.js';

const marks = { passed: '✔', failed: '✖', noted: 'ℹ', skipped: '?', absent: '–' };
const statuses = Object.keys(marks);

/** Characters of a message that are shown. */
const shownMessage = 160;

/**
 * What does not go together: failures that nobody explains, and explanations of what does not fail.
 *
 * @param {object} report `data` of `kserve-env matrix --json`
 * @returns {{ unexplained: string[], unused: string[] }} lines
 */
export function contradictions({ servers, rows }) {
  const used = new Set();
  const unexplained = [];
  for (const { server, row, message } of failuresOf({ servers, rows })) {
    const explanation = explanationOf(server, row, message);
    if (explanation) used.add(explanation);
    else unexplained.push(`${server}: ${row.id}: ${message}`);
  }
  const unused = explanations.filter((one) => !used.has(one)).map(({ server, title }) => `${server}: ${title}`);
  return { unexplained, unused };
}

/**
 * The page.
 *
 * @param {object} report `data` of `kserve-env matrix --json`
 * @param {{ date: string, node: string, python: string, titles: string[], alike: Function }} facts names of the servers
 *   with their versions, in the order of the report, and what puts alike rows together
 * @returns {string}
 */
export function conformancePage(report, { date, node, python, titles, alike }) {
  const { servers, suites, rows } = report;
  return `${[
    '# Conformance',
    introduction({ date, node, python, titles, cases: rows.length }),
    '## Summary',
    table(['server', ...statuses, 'time'], servers.map(summaryCells(report, titles)), [1, 2, 3, 4, 5, 6]),
    legend,
    table(
      ['suite', ...titles],
      suites.map(({ name, counts }) => [`\`${name}\``, ...counts.map(countCell)]),
    ),
    '## What fails, and why',
    'Each of these was seen by the suite, and looked into by hand: asked again, or read in the source of the server.',
    ...servers.flatMap((server, index) => failureSection(report, server, titles[index])),
    '## Where they differ',
    differing,
    ...suites.flatMap(({ name }) => {
      const groups = alike(rows.filter((row) => row.suite === name && !isAgreed(row)));
      return groups.length === 0 ? [] : [`### ${name}`, differences(groups, titles)];
    }),
  ].join('\n\n')}\n`;
}

function introduction({ date, node, python, titles, cases }) {
  const [ours, ...others] = titles;
  return `What [\`kserve-env smoke\`](smoke.md) finds of three servers of the Open Inference Protocol: ${ours}, ${others.join(' and ')},
the latter from PyPI. \`npm run conformance\` starts all three on one machine, runs the same ${cases.toLocaleString('en')} cases against one after
another with [\`kserve-env matrix\`](cli.md#matrix), and writes this page; it fails where a failure below has no explanation, or
an explanation no failure. It takes some minutes, and a gigabyte in \`.cache/\`.

Written on ${date} with Python ${python} and Node ${node}. Each server has the same four models: \`simple_scaler\` (FP64, times two),
\`simple_sum\` (FP64, two inputs), \`identity\` (any datatype) and \`simple\` (sum and difference of INT32 \`[1, 16]\`). Those of
MLServer and KServe are written in the way of their documentation, in \`bench/other-servers/\`, and serve one process each.
A model written in another way may pass what fails here: this is what whoever follows the documentation gets. Triton and
OpenVINO Model Server come as container images, which this page does without; \`kserve-env matrix\` takes any server.`;
}

const legend = `${marks.failed} failed: the specification or common sense is broken. ${marks.noted} noted: legal, and not what most clients expect. ${marks.skipped} skipped: it
cannot be told of this server. ${marks.absent} absent: the server has no such case, most of all since neither of the two names the binary
tensor data extension (KServe's server has it, and does not say so), and cases about what only kserve-env promises are for
it alone. The time is that of all cases, those among them that wait in vain for an answer.
[Verdicts](smoke.md#verdicts) says more.`;

const differing = `Cases on which not all three have the same verdict, the same differences told once. Codes that differ from ours are the
most of it: the protocol fixes none of them, but a client that retries has to tell what can work later from what never will.`;

function summaryCells(report, titles) {
  return ({ ms }, index) => {
    const of = (status) => report.rows.filter(({ cells }) => cells[index].status === status).length;
    return [titles[index], ...statuses.map((status) => String(of(status))), `${Math.round(ms / 1000)} s`];
  };
}

/** `12 ✔ 3 ✖`: what there is none of is left out. */
function countCell(counts) {
  const there = statuses.filter((status) => counts[status] > 0);
  return there.map((status) => `${counts[status]} ${marks[status]}`).join(' ');
}

function failureSection(report, { name }, title) {
  const failures = failuresOf(report).filter(({ server }) => server === name);
  const groups = new Map();
  for (const { row, message } of failures) {
    const explanation = explanationOf(name, row, message);
    if (!explanation) continue;
    groups.set(explanation, [...(groups.get(explanation) ?? []), { row, message }]);
  }
  const sections = [...groups].flatMap(([{ title: what, text }, cases]) => [
    `**${what}** (${cases.length} ${cases.length === 1 ? 'case' : 'cases'}). ${text}`,
    `*${cell(cases[0].row.title)}* (\`${cases[0].row.id}\`): ${messageCell(cases[0].message)}`,
  ]);
  return [`### ${title}`, ...(sections.length > 0 ? sections : ['Nothing.'])];
}

function differences(groups, titles) {
  return table(
    ['case', ...titles],
    groups.map(({ first, others }) => [
      `${cell(first.title)}${others.length > 0 ? ` *and ${others.length} more*` : ''}`,
      ...first.cells.map(({ status, message }) => {
        const said = message !== undefined && status !== 'passed' && status !== 'absent';
        return said ? `${marks[status]} ${messageCell(message)}` : marks[status];
      }),
    ]),
  );
}

function failuresOf({ servers, rows }) {
  return servers.flatMap(({ name }, index) =>
    rows
      .filter(({ cells }) => cells[index].status === 'failed')
      .map((row) => ({ server: name, row, message: row.cells[index].message ?? '' })),
  );
}

function explanationOf(server, { id }, message) {
  return explanations.find(
    (one) => one.server === server && one.cases.some((pattern) => fits(pattern, id)) && one.message.test(message),
  );
}

function fits(pattern, id) {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`).test(id);
}

const isAgreed = ({ cells }) => cells.every(({ status }) => status === cells[0].status);

function table(titles, lines, right = []) {
  const rule = titles.map((_, index) => (right.includes(index) ? '--:' : '---'));
  return [titles, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const cell = (text) => text.replace(/\p{Cc}+/gu, ' ').replace(/[\\`*_[\]<>|~#!&@]/g, '\\$&');

/** Without what is different every time: addresses, and ids that a server makes up. */
function messageCell(message) {
  const lasting = message
    .replace('; a client that retries on it retries what can never work', '')
    .replace(/\b127\.0\.0\.1:\d+/g, 'the server')
    .replace(/\b[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\b/g, '…')
    .replace(/\b0x[\da-f]{6,}\b/g, '0x…');
  return cell(lasting.length > shownMessage ? `${lasting.slice(0, shownMessage - 1)}…` : lasting);
}
