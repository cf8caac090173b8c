import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Rules that lint reports for each of these files, in a project that has our lint configuration and no other file. */
function lint(files: Record<string, string>): Record<string, string[]> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'kserve-env-lint-')));
  try {
    const configuration = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as Record<string, unknown>;
    const own = { ...configuration, $schema: undefined, vcs: { enabled: false } };
    const all = { ...files, 'biome.json': JSON.stringify(own) };
    for (const [name, text] of Object.entries(all)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    const { stdout } = spawnSync(
      join(root, 'node_modules/.bin/biome'),
      ['lint', '--reporter=json', '--max-diagnostics=none', '.'],
      {
        cwd: directory,
        encoding: 'utf8',
      },
    );
    const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Report;
    const found: Record<string, string[]> = Object.fromEntries(Object.keys(files).map((name) => [name, []]));
    for (const { category, location } of report.diagnostics) found[pathOf(location.path)]?.push(category);
    return found;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Report {
  diagnostics: { category: string; location: { path: string | { file: string } } }[];
}

const pathOf = (path: string | { file: string }) => (typeof path === 'string' ? path : path.file).replace(/^\.\//, '');

const restricted = 'lint/style/noRestrictedImports';
const cycle = 'lint/suspicious/noImportCycles';

const allowed = [
  'src/cli/x.ts → ../commands/y.js',
  'src/cli/x.ts → commander',
  'src/cli/x.ts → ../errors.js',
  'src/commands/x.ts → ../environment/y.js',
  'src/commands/x.ts → ../engine/engine.js',
  'src/commands/x.ts → ../checks/y.js',
  'src/config/x.ts → ../protocol/y.js',
  'src/environment/x.ts → ../config/y.js',
  'src/environment/x.ts → ../protocol/client.js',
  'src/checks/x.ts → ../protocol/client.js',
  'src/checks/x.ts → ../metrics/run-rules.js',
  'src/commands/x.ts → ../metrics/run-rules.js',
  'src/metrics/x.ts → ../protocol/client.js',
  'src/metrics/json/x.ts → ../../errors.js',
  'src/engine/docker/x.ts → ../engine.js',
  'src/engine/process/x.ts → execa',
  'src/image/x.ts → ../engine/engine.js',
  'src/protocol/grpc-channel.ts → @grpc/grpc-js',
  'src/server/grpc/x.ts → @grpc/grpc-js',
  'src/server/x.ts → ../models/kinds.js',
  'src/models/x.ts → ../protocol/tensor.js',
  'src/config/x.ts → ../models/kinds.js',
];

const refused = [
  'src/config/x.ts → ../cli/main.js',
  'src/config/x.ts → ../engine/engine.js',
  'src/commands/x.ts → ../cli/main.js',
  'src/commands/x.ts → ../server/main.js',
  'src/commands/x.ts → commander',
  'src/cli/x.ts → ../engine/engine.js',
  'src/cli/x.ts → ../environment/plan.js',
  'src/environment/x.ts → ../commands/up.js',
  'src/environment/x.ts → ../checks/check.js',
  'src/environment/x.ts → commander',
  'src/image/x.ts → ../environment/plan.js',
  'src/checks/x.ts → ../config/load.js',
  'src/checks/suites/x.ts → ../../engine/engine.js',
  'src/checks/x.ts → ../server/start-server.js',
  'src/metrics/x.ts → ../checks/check.js',
  'src/metrics/x.ts → ../models/kinds.js',
  'src/cli/x.ts → ../metrics/run-rules.js',
  'src/server/x.ts → ../metrics/run-rules.js',
  'src/engine/x.ts → ../config/load.js',
  'src/engine/docker/x.ts → execa',
  'src/engine/process/x.ts → ../../server/main.js',
  'src/protocol/x.ts → ../server/main.js',
  'src/protocol/x.ts → @grpc/grpc-js',
  'src/server/rest/x.ts → ../../engine/engine.js',
  'src/models/x.ts → ../server/main.js',
  'src/models/x.ts → ../config/load.js',
  'src/protocol/x.ts → ../models/kinds.js',
  'src/engine/x.ts → ../models/kinds.js',
  'src/server/x.ts → ../config/load.js',
  'src/server/x.ts → @grpc/grpc-js',
  'src/commands/x.ts → ../index.js',
  'src/errors.ts → node:fs',
];

/** A file of its own for each arrow, since one that is refused would hide the next. */
function planted(arrows: string[]): Record<string, string> {
  return Object.fromEntries(
    arrows.map((arrow, index) => {
      const [from = '', to] = arrow.split(' → ');
      return [from.replace(/\bx\.ts$/, `x-${index}.ts`), `import { y } from '${to}';\nexport const z = y;\n`];
    }),
  );
}

describe('the arrows between rooms are held by lint', () => {
  let found: Record<string, string[]>;
  const order = [...allowed, ...refused];
  beforeAll(() => {
    found = lint(planted(order));
  });
  const rulesOf = (arrow: string) => found[Object.keys(planted(order))[order.indexOf(arrow)] ?? ''];

  it.each(allowed)('%s is allowed', (arrow) => {
    expect(rulesOf(arrow)).toEqual([]);
  });
  it.each(refused)('%s is refused', (arrow) => {
    expect(rulesOf(arrow)).toContain(restricted);
  });
});

describe('a cycle of imports', () => {
  const importing = (from: string) =>
    `import { y } from '${from}';\nexport const z = y;\nexport { y } from '${from}';\n`;

  it('is refused, of two files as of three', () => {
    const found = lint({
      'src/config/a.ts': importing('./b.js'),
      'src/config/b.ts': importing('./a.js'),
      'src/protocol/one.ts': importing('./two.js'),
      'src/protocol/two.ts': importing('./three.js'),
      'src/protocol/three.ts': importing('./one.js'),
    });
    for (const rules of Object.values(found)) expect(rules).toContain(cycle);
  });

  it('is not seen where there is none', () => {
    const found = lint({ 'src/config/a.ts': importing('./b.js'), 'src/config/b.ts': 'export const y = 1;\n' });
    expect(Object.values(found).flat()).toEqual([]);
  });
});

describe('the rules of the house', () => {
  it.each([
    {
      what: 'a default export',
      file: 'src/config/a.ts',
      text: 'export default 1;\n',
      rule: 'lint/style/noDefaultExport',
    },
    {
      what: 'a file name that is not kebab-case',
      file: 'src/config/loadConfig.ts',
      text: 'export const a = 1;\n',
      rule: 'lint/style/useFilenamingConvention',
    },
    { what: 'console', file: 'src/cli/a.ts', text: "console.log('a');\n", rule: 'lint/suspicious/noConsole' },
  ])('refuse $what', ({ file, text, rule }) => {
    expect(lint({ [file]: text })[file]).toContain(rule);
  });
});
