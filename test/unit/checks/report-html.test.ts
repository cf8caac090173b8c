import { XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { suiteTable } from '../../../src/checks/report/case-rows.js';
import { htmlReport } from '../../../src/checks/report/html.js';
import { html } from '../../../src/checks/report/html-markup.js';
import { hostileTexts, outcome, reportOf, routes, setUp } from './sample-report.js';

const many = (rows: number) =>
  Array.from({ length: rows }, (_, row) =>
    routes.map((route, index) =>
      outcome((row * 4 + index) % 50 === 0 ? 'failed' : 'passed', {
        id: `infer/values/model_${row}/FP64/${route}`,
        title: `model_${row} answers FP64 exactly (${route})`,
        message: `expected [2, -5, 6], got [2, -5, ${row}]`,
      }),
    ),
  ).flat();

/** Without what HTML lets stand and XML does not: attributes without a value, elements without an end. */
function asXml(page: string): string {
  return page
    .replace('<!doctype html>', '')
    .replace(/<(meta|link|input|br)\b([^>]*)>/g, '<$1$2/>')
    .replace(/ (open|hidden|checked|data-g)(?=[\s>/])/g, ' $1=""')
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '');
}

describe('the page of a report', () => {
  it('says the verdict in its title and at its head', () => {
    const said = (...cases: Parameters<typeof reportOf>[0]) => {
      const page = htmlReport(reportOf(cases));
      return [/<title>(.*), kserve-env smoke<\/title>/, /<h1>.*<\/span> (.*)<\/h1>/].map((one) => one.exec(page)?.[1]);
    };
    expect(said(outcome('passed'))).toEqual(['✔ The one check passed', 'The one check passed']);
    expect(said(outcome('passed'), outcome('noted'))[1]).toBe('1 check passed, 1 noted');
    expect(said(outcome('passed'), outcome('failed'))).toEqual(['✖ 1 of 2 checks failed', '1 of 2 checks failed']);
    expect(said(outcome('skipped'))[0]).toBe('✖ Nothing was checked');
  });

  it('says which server it was, by whom and when', () => {
    const page = htmlReport(reportOf([outcome('passed')]));
    for (const words of ['kserve-env 1.2.3', '127.0.0.1:1', 'http://127.0.0.1:2', '2030-01-02 03:04:05 UTC', 'scaler'])
      expect(page).toContain(words);
  });

  it('tells a failure with request, answer, specification and the command that runs it alone', () => {
    const page = htmlReport(reportOf([outcome('failed')]));
    for (const words of [
      'because it failed',
      '→ gRPC ModelInfer',
      '<pre>model scaler\ninput FP64 [2] typed: 1 2</pre>',
      '← after 1.2 ms',
      'what is said',
      'what is suffered',
      'kserve-env smoke --case infer/scaler/failed/grpc-typed',
    ])
      expect(page).toContain(words);
  });

  it('has the phases of the last set-up against the budget, where there was one', () => {
    const page = htmlReport(reportOf([outcome('passed')], { setUp }));
    expect(page).toContain('up in 1.00 s, 0.3 % of its 5m budget');
    expect(page).toContain('<th scope="row">Image (cached)</th>');
    expect(htmlReport(reportOf([outcome('passed')]))).not.toContain('id="set-up"');
  });

  it('leads from each cell to a place that is there, and no place is there twice', () => {
    const page = htmlReport(reportOf([...many(30), outcome('noted'), outcome('skipped')], { setUp }));
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [...page.matchAll(/ (?:href="#|aria-labelledby=")([^"]*)"/g)].map(([, id]) => id);
    expect(targets.length).toBeGreaterThan(120);
    for (const target of targets) expect(ids).toContain(target);
  });

  it('of two thousand cases is made quickly enough and stays below a megabyte', () => {
    const cases = many(500).map((one) => ({ ...one, spec: `${one.spec} ${'x'.repeat(200)}`, why: 'y'.repeat(100) }));
    expect(Buffer.byteLength(htmlReport(reportOf(cases)))).toBeLessThan(1_000_000);
  });

  it('stays below two megabytes where everything fails, each for a reason of its own', () => {
    const words = (index: number) => [...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
    const lines = Array.from({ length: 4 }, () => 'z'.repeat(300));
    const exchanges = [{ transport: 'grpc' as const, call: 'ModelInfer', request: lines, answer: lines, ms: 1 }];
    const cases = many(250).map((one, index) => ({
      ...one,
      status: 'failed' as const,
      message: words(index),
      exchanges,
    }));
    expect(Buffer.byteLength(htmlReport(reportOf(cases)))).toBeLessThan(2_000_000);
  });

  it('closes every element that it opens', () => {
    const page = htmlReport(reportOf([...many(10), outcome('noted'), outcome('skipped')], { setUp, notRun: 3 }));
    expect(XMLValidator.validate(asXml(page))).toBe(true);
  });

  it('loads nothing: no address stands where one would be loaded from', () => {
    const page = htmlReport(reportOf([outcome('failed')]));
    const loaded = [...page.matchAll(/ (?:src|href|action|data)="([^"]*)"/g)].map(([, to]) => to ?? '');
    for (const to of loaded) expect(to).toMatch(/^(#|data:image\/svg)/);
    expect(page).not.toMatch(/url\(|@import/);
    expect(page).toContain("content=\"default-src 'none'; style-src 'sha256-");
  });
});

describe('whatever a server says', () => {
  it.each(hostileTexts)('%j stays text', (text) => {
    const exchange = { transport: 'rest' as const, call: text, request: [text], answer: [text], ms: 1 };
    const said = { message: text, title: text, spec: text, why: text, model: text, exchanges: [exchange] };
    const cases = (['passed', 'failed', 'failed', 'noted', 'skipped'] as const).map((status, index) =>
      outcome(status, { ...said, id: `infer/${text}/${index}/grpc-typed` }),
    );
    const page = htmlReport(
      reportOf(cases, {
        environment: text,
        server: { name: text, version: text, extensions: [text], models: [text] },
        endpoints: { grpc: text, http: text },
        setUp: { ...setUp, engine: text, phases: [{ title: text, ms: 1, cached: false }] },
      }),
    );
    const harmless = htmlReport(reportOf(cases.map((one) => ({ ...one, ...outcome(one.status) }))));
    const elements = (of: string) => new Set([...of.matchAll(/<([a-z0-9]+)/g)].map(([, name]) => name));
    for (const name of elements(page)) expect([...elements(harmless), 'circle', 'li', 'ul', 'small']).toContain(name);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/<[^>]* on\w+=/);
    expect(XMLValidator.validate(asXml(page).replace(/\p{Surrogate}|[\ufffe\uffff]/gu, '?'))).toBe(true);
  });

  it('is escaped in a template, and what the template holds is not', () => {
    expect(html`<p title="${'"<&'}">${['<b>', html`<b>${1}</b>`]}</p>`.markup).toBe(
      '<p title="&quot;&lt;&amp;">&lt;b&gt;<b>1</b></p>',
    );
  });
});

describe('the table of a suite', () => {
  const at = (id: string, more = {}) => outcome('passed', { id, title: `It holds (${id.split('/').at(-1)})`, ...more });

  it('has a row for what is checked and a column for each route', () => {
    const table = suiteTable('infer', [
      at('infer/id/m/grpc-typed'),
      at('infer/id/m/rest-json'),
      at('infer/id/n/rest-json'),
    ]);
    expect(table.columns).toEqual(['grpc-typed', 'rest-json']);
    expect(table.families.map(({ title, rows }) => [title, rows.map(({ id }) => id)])).toEqual([
      ['id', ['infer/id/m', 'infer/id/n']],
    ]);
    expect(table.families[0]?.rows[0]?.title).toBe('It holds');
  });

  it('puts a case without a route under its transport, or under both', () => {
    const both = { transports: ['grpc', 'rest'] as const };
    const table = suiteTable('infer', [at('infer/agree/m', both), at('infer/json/m', { transports: ['rest'] })]);
    expect(table.columns).toEqual(['rest', 'both']);
  });

  it('loses no case, even where three have one id', () => {
    const one = at('infer/id/m/grpc-typed');
    const table = suiteTable('infer', [one, one, one]);
    const cells = table.families.flatMap(({ rows }) => rows.map(({ cells }) => cells.size));
    expect(cells.reduce((sum, size) => sum + size, 0)).toBe(3);
  });

  it('says once what is the same for all rows of a family', () => {
    const [family] = suiteTable('infer', [
      at('infer/id/m/grpc-typed'),
      at('infer/id/n/grpc-typed', { why: 'other' }),
    ]).families;
    expect(family).toMatchObject({ spec: 'what is said', why: undefined });
  });
});
