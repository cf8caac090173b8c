/** Asks every server every case, and prints what each said side by side. */
import { asker } from './asking.js';
import { groups } from './cases.js';

/**
 * @param {{ name: string, grpcPort: number, httpPort: number }[]} servers
 * @param {RegExp} only which cases
 * @returns {Promise<{ names: string[], groups: { title: string, rows: { what: string, said: string[] }[] }[] }>}
 */
export async function askAll(servers, only) {
  const askers = servers.map(asker);
  const answered = [];
  for (const { title, cases } of groups) {
    const rows = [];
    for (const { what, ask } of cases.filter((entry) => only.test(entry.what))) {
      const said = [];
      for (const server of askers) said.push(await ask(server));
      rows.push({ what, said });
    }
    answered.push({ title, rows });
  }
  for (const each of askers) each.close();
  return { names: servers.map(({ name }) => name), groups: answered };
}

const cell = (text) => text.replaceAll('|', '\\|');

/** Prints a table in Markdown or for a terminal, or all of it as JSON. */
export function answersTable({ names, groups: answered }, { json, markdown }) {
  if (json) return console.log(JSON.stringify({ names, groups: answered }, null, 2));
  for (const { title, rows } of answered) {
    console.log(`\n## ${title}\n`);
    if (markdown) {
      console.log(`| asked | ${names.join(' | ')} |\n|---|${names.map(() => '---|').join('')}`);
      for (const { what, said } of rows) console.log(`| ${[what, ...said].map(cell).join(' | ')} |`);
    } else {
      for (const { what, said } of rows) {
        const same = said.every((text) => text === said[0]);
        console.log(`${same ? ' ' : '≠'} ${what}`);
        for (const [index, text] of said.entries()) console.log(`      ${names[index].padEnd(16)} ${text}`);
      }
    }
  }
}
