import { describe, expect, it } from 'vitest';
import type { MatrixCell, MatrixReport, MatrixRow } from '../../../src/checks/report/matrix.js';
import { matrixCounts, matrixRows } from '../../../src/checks/report/matrix.js';
import { markdownMatrix } from '../../../src/checks/report/matrix-markdown.js';
import { renderMatrix } from '../../../src/cli/render-matrix.js';
import type { Space } from '../../../src/cli/space.js';
import { symbolsFor } from '../../../src/cli/symbols.js';

const row = (id: string, title: string, ...cells: MatrixCell[]): MatrixRow => ({
  id,
  suite: 'infer',
  title,
  spec: '',
  why: '',
  transports: ['grpc'],
  model: 'm',
  cells,
});
const passed = { status: 'passed', ms: 1 } as const;
const failed = (message: string): MatrixCell => ({ status: 'failed', message });

const rows = [
  row('infer/a', 'a holds', passed, passed),
  row('infer/b', 'b holds', passed, failed('expected 1, got 2')),
  row('infer/c', 'c holds', passed, failed('expected 3, got 4')),
  row('infer/d', 'd holds', passed, { status: 'absent', message: 'it has no model m' }),
  row('infer/e', 'e holds', { status: 'skipped', message: 'not told' }, { status: 'noted', message: 'unusual' }),
];

const report: MatrixReport = {
  startedAt: 0,
  ms: 3_000,
  version: '1.2.3',
  servers: [
    {
      name: 'ours',
      endpoints: { grpc: '127.0.0.1:1', http: 'http://127.0.0.1:2' },
      server: { name: 'kserve-env', version: '1.2.3', extensions: [], models: ['m'] },
      summary: { passed: 4, failed: 0, noted: 0, skipped: 1 },
      ms: 1_000,
    },
    {
      name: 'other',
      endpoints: { grpc: '127.0.0.1:3' },
      server: { name: 'evil\u001b[31m|<b>', version: '9', extensions: [], models: [] },
      summary: { passed: 1, failed: 2, noted: 1, skipped: 0 },
      ms: 2_000,
    },
  ],
  suites: [{ name: 'infer', counts: matrixCounts(rows, 2, 'infer') }],
  rows,
};

const space = (more: Partial<Space> = {}): Space => ({
  symbols: symbolsFor({ LANG: 'C.UTF-8' }),
  paint: (_, text) => text,
  columns: 80,
  verbose: false,
  ...more,
});

describe('a matrix on a terminal', () => {
  it('counts what all agree on, shows the first of what differs alike, and sums up', () => {
    expect(renderMatrix(report, space()).split('\n')).toEqual([
      'ours   kserve-env 1.2.3  127.0.0.1:1, http://127.0.0.1:2',
      'other  evil [31m|<b> 9   127.0.0.1:3',
      '',
      '  ours  other  infer',
      '  ✔     ✔      1 case alike',
      '  ✔     ✖      b holds',
      '               other: expected 1, got 2',
      '               and 1 more like it',
      '  ✔     –      d holds',
      '  ?     ℹ      e holds',
      '               other: unusual',
      '',
      '         ✔ passed  ✖ failed  ℹ noted  ? skipped  – absent    time',
      '  ours          4         0        0          1         0  1.00 s',
      '  other         1         2        1          0         1  2.00 s',
    ]);
  });

  it('shows every case, with the reason of each cell, where it is verbose', () => {
    const text = renderMatrix(report, space({ verbose: true }));
    for (const one of rows) expect(text).toContain(one.title);
    expect(text).toContain('other: it has no model m');
    expect(text).not.toContain('alike');
  });

  it('keeps to the columns of the terminal', () => {
    const narrow = renderMatrix(report, space({ columns: 24 }))
      .split('\n')
      .slice(3, 11);
    expect(narrow.every((line) => line.length <= 24)).toBe(true);
  });

  it('has signs of ASCII where the terminal has no others', () => {
    const text = renderMatrix(report, space({ symbols: symbolsFor({ LANG: 'C' }), verbose: true }));
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it('names a server that could not be checked', () => {
    const lost = { name: 'gone', endpoints: {}, error: { code: 'SERVER_REFUSED', message: 'UNAVAILABLE: nobody' } };
    const cells = (one: MatrixRow) => [...one.cells.slice(0, 1), { status: 'absent' } as const];
    const text = renderMatrix(
      {
        ...report,
        servers: [...report.servers.slice(0, 1), lost],
        rows: rows.map((one) => ({ ...one, cells: cells(one) })),
      },
      space(),
    );
    expect(text).toContain('gone  UNAVAILABLE: nobody');
    expect(text).toContain('gone could not be checked');
  });
});

describe('a matrix in Markdown', () => {
  it('has the servers, counts by suite, and what differs, with words of servers made harmless', () => {
    const text = markdownMatrix(report);
    expect(text).toContain(String.raw`| other | evil \[31m\|\<b\> 9 | 127.0.0.1:3 |  | 1 | 2 | 1 | 0 | 1 | 2.00 s |`);
    expect(text).toContain('| infer | 4 ✔ 1 ? | 1 ✔ 2 ✖ 1 ℹ 1 – |');
    expect(text).toContain('| b holds<br>`infer/b` | ✔ | ✖ expected 1, got 2 |');
    expect(text).toContain('| d holds<br>`infer/d` | ✔ | – it has no model m |');
    expect(text).not.toContain('a holds');
    expect(markdownMatrix(report, { all: true })).toContain('a holds');
  });
});

describe('the rows of a matrix', () => {
  const result = (id: string) => ({ ...row(id, id), status: 'passed', ms: 1 }) as const;
  const run = (...ids: string[]) => ({ models: ['m'], extensions: [], cases: ids.map(result) });

  it('are in the order in which the servers ran them, and what one has alone is where it was', () => {
    const ids = matrixRows([run('infer/a', 'infer/d'), run('infer/a', 'infer/b', 'infer/d', 'infer/e')]).map(
      ({ id }) => id,
    );
    expect(ids).toEqual(['infer/a', 'infer/b', 'infer/d', 'infer/e']);
  });

  it.each([
    { id: 'infer/x/rest-binary', models: ['m@2'], says: 'it does not name the extension binary_tensor_data' },
    { id: 'infer/x/grpc-raw', models: ['n'], says: 'it has no model m' },
    { id: 'infer/x/grpc-raw', models: ['m'], says: 'no such case for what it says of itself and of its models' },
  ])('say why $id is absent where there are $models', ({ id, models, says }) => {
    const [only] = matrixRows([run(id), { models, extensions: ['other'], cases: [] }]);
    expect(only?.cells[1]).toEqual({ status: 'absent', message: says });
  });
});
