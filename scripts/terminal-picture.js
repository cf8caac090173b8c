/**
 * Draws docs/images/quickstart.svg: runs the commands below in a real terminal, and paints its last screen.
 * Linux only (script from util-linux). Takes the default ports, so nothing else may run on them.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import xterm from '@xterm/headless';
import { prepare, root } from './prepare.js';

const picture = `${root}docs/images/quickstart.svg`;
const columns = 114;
const rows = 40;
const session = ['kserve-env up --smoke', 'kserve-env infer simple_scaler 1 -2.5 3', 'kserve-env down'];

const cell = { width: 8.4, height: 18, fontSize: 14 };
const margin = { side: 18, top: 46, bottom: 16 };
const background = '#0d1117';
const foreground = '#e6edf3';
/** The sixteen colours of a terminal, chosen to be readable on the background above. */
const palette = [
  ...['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4'],
  ...['#6e7681', '#ffa198', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#ffffff'],
];

prepare();
const bytes = runSession();
const lines = await screenOf(bytes);
mkdirSync(dirname(picture), { recursive: true });
writeFileSync(picture, svgOf(lines));
console.log(`Wrote ${picture} (${lines.length} lines)`);

/** Everything that the terminal received, colours and cursor movements included. */
function runSession() {
  const directory = mkdtempSync(join(tmpdir(), 'kserve-env-picture-'));
  const script = join(directory, 'session.sh');
  const steps = session.map((command) => `printf '\\033[1;34m$\\033[0m %s\\n' '${command}'; ${command}; echo`);
  writeFileSync(
    script,
    ['set -e', `kserve-env() { "${process.execPath}" "${root}bin/kserve-env.js" "$@"; }`, ...steps].join('\n'),
  );
  const { CI, NO_COLOR, FORCE_COLOR, ...inherited } = process.env;
  const env = { ...inherited, TERM: 'xterm-256color', KSERVE_ENV_NAME: 'my-service' };
  try {
    const command = `stty cols ${columns} rows ${rows}; bash ${script}`;
    const { status, stdout, error } = spawnSync('script', ['-qfec', command, '/dev/null'], { cwd: directory, env });
    if (error) throw error;
    if (status !== 0) throw new Error(`The session failed with ${status}:\n${stdout}`);
    return stdout;
  } finally {
    execFileSync(process.execPath, [`${root}bin/kserve-env.js`, 'down'], { cwd: directory, env, stdio: 'ignore' });
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The screen as rows of runs of one style each, without the empty rows at the end. */
async function screenOf(data) {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  await new Promise((resolve) => terminal.write(data, resolve));
  const buffer = terminal.buffer.active;
  if (buffer.length > rows) throw new Error(`The session needs ${buffer.length} rows, the picture has ${rows}`);
  const screen = Array.from({ length: buffer.length }, (_, index) => runsOf(buffer.getLine(index)));
  while (screen.at(-1)?.length === 0) screen.pop();
  return screen;
}

function runsOf(line) {
  const runs = [];
  const end = line.translateToString(true).length;
  for (let column = 0; column < end; column += 1) {
    const style = styleOf(line.getCell(column));
    const text = line.getCell(column).getChars() || ' ';
    const last = runs.at(-1);
    if (last?.style === style) last.text += text;
    else runs.push({ column, style, text });
  }
  return runs.filter(({ text }) => text.trim() !== '');
}

/** Attributes of an SVG text element. */
function styleOf(cellOfLine) {
  const colour = cellOfLine.isFgPalette() ? palette[cellOfLine.getFgColor()] : undefined;
  return [
    `fill="${colour ?? foreground}"`,
    cellOfLine.isBold() ? 'font-weight="bold"' : '',
    cellOfLine.isDim() ? 'opacity="0.65"' : '',
  ]
    .filter(Boolean)
    .join(' ');
}

/** A dark window, so that one file suits light and dark pages. Each run is held to its columns, whatever the font. */
function svgOf(screen) {
  const width = Math.ceil(columns * cell.width + 2 * margin.side);
  const height = screen.length * cell.height + margin.top + margin.bottom;
  const text = screen.flatMap((runs, row) =>
    runs.map(({ column, style, text: content }) => {
      const lead = content.length - content.trimStart().length;
      const shown = content.trim();
      const x = round(margin.side + (column + lead) * cell.width);
      const y = margin.top + (row + 0.75) * cell.height;
      const length = round([...shown].length * cell.width);
      return `<text x="${x}" y="${y}" textLength="${length}" ${style}>${escapeXml(shown)}</text>`;
    }),
  );
  const lights = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, index) => `<circle cx="${22 + index * 20}" cy="20" r="6" fill="${fill}"/>`,
  );
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(session.join('; '))}</title>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="${background}" stroke="#30363d"/>`,
    ...lights,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${cell.fontSize}" xml:space="preserve">`,
    ...text,
    '</g>',
    '</svg>',
  ].join('\n')}\n`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}

function escapeXml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
