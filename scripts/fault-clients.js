/**
 * Lets real clients meet every fault that strikes calls or connections, and writes docs/fault-clients.md. The clients come
 * from PyPI, npm and the Go module proxy into .cache/ when first needed. Needs Linux or macOS, and Python 3 with venv.
 *
 * node scripts/fault-clients.js [--only word] [--json file] [--no-page]
 *   --only meets those faults alone whose text contains the word, and writes no page
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { prepare, root } from './prepare.js';
import { prepareClients } from './test-interop.js';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'string' },
    'no-page': { type: 'boolean', default: false },
  },
});

prepare();
prepareClients();
// What is built has to be there before it is imported.
const { clients } = await import('./fault-clients/session.js');
const { deadlineMs, runTrial, trials } = await import('./fault-clients/trials.js');
const { faultClientsPage } = await import('./fault-clients/page.js');

const rows = [];
const titles = {};
for (const trial of trials.filter(({ fault }) => flags.only === undefined || fault.includes(flags.only))) {
  const seen = await runTrial(trial);
  rows.push({ trial, seen });
  for (const [name, { title, struck }] of Object.entries(seen)) {
    titles[name] = title;
    process.stderr.write(`${trial.fault}: ${title}: ${struck.status} after ${Math.round(struck.ms)} ms\n`);
  }
}
if (flags.json) writeFileSync(flags.json, JSON.stringify(rows, null, 2));
if (flags.only === undefined && !flags['no-page']) {
  const of = (transport) => Object.keys(clients).filter((name) => clients[name].transport === transport);
  const names = { grpc: of('grpc'), rest: of('rest') };
  writeFileSync(`${root}docs/fault-clients.md`, faultClientsPage(rows, { names, titles, deadlineMs }));
  console.log('Wrote docs/fault-clients.md');
}
