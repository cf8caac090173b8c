import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);
const { explanations } = await import(new URL('bench/other-servers/conformance/explanations.js', root).href);
const { conformancePage, contradictions } = await import(new URL('bench/other-servers/conformance/page.js', root).href);

interface Cell {
  status: string;
  message?: string;
}

/** A matrix of one case and two servers, the first of which passes. */
const matrixOf = (id: string, cell: Cell) => ({
  servers: [
    { name: 'kserve-env', ms: 1_000 },
    { name: 'mlserver', ms: 2_400 },
  ],
  suites: [{ name: 'infer', counts: [{ passed: 1 }, { [cell.status]: 1 }] }],
  rows: [{ id, suite: 'infer', title: 'the id comes back', cells: [{ status: 'passed' }, cell] }],
});
const failure = { status: 'failed', message: 'the server answered INTERNAL: Invalid metadata' };
const ofIds = explanations.find(({ cases }: { cases: string[] }) => cases.includes('infer/id/*'));

describe('the page of conformance', () => {
  it('is refused where a failure has no explanation', () => {
    const { unexplained } = contradictions(matrixOf('infer/elsewhere/grpc-typed', failure));
    expect(unexplained).toEqual([`mlserver: infer/elsewhere/grpc-typed: ${failure.message}`]);
  });

  it('is refused where a case fails for another reason than the one that is explained', () => {
    const { unexplained } = contradictions(matrixOf('infer/id/m/grpc-typed', { ...failure, message: 'no id' }));
    expect(unexplained).toEqual(['mlserver: infer/id/m/grpc-typed: no id']);
  });

  it('is refused where an explanation has no failure', () => {
    const { unexplained, unused } = contradictions(matrixOf('infer/id/m/grpc-typed', failure));
    expect(unexplained).toEqual([]);
    expect(unused).toHaveLength(explanations.length - 1);
    expect(unused).not.toContain(`mlserver: ${ofIds.title}`);
    const all = contradictions(matrixOf('infer/id/m/grpc-typed', { status: 'passed' }));
    expect(all.unused).toContain(`mlserver: ${ofIds.title}`);
  });

  it('has counts, explanations and differences, and nothing that changes from run to run', () => {
    const report = matrixOf('infer/id/m/grpc-typed', {
      ...failure,
      message: `${failure.message} at 127.0.0.1:4711, id 0d6b7f1e-9f37-4c6c-8d4f-0a1b2c3d4e5f | <b>`,
    });
    // Explained or not, the page shows what there is.
    const page = conformancePage(report, {
      date: '2026-01-02',
      node: '20.0.0',
      python: '3.11.0',
      titles: ['kserve-env 1', 'MLServer 2'],
      alike: (rows: unknown[]) => rows.map((first) => ({ first, others: [] })),
    });
    expect(page).toContain('| MLServer 2 | 0 | 1 | 0 | 0 | 0 | 2 s |');
    expect(page).toContain('the id comes back');
    expect(page).toContain(String.raw`at the server, id … \| \<b\>`);
    expect(page).not.toMatch(/4711|0d6b7f1e/);
  });

  it('as it is in the documentation has every explanation', () => {
    const page = readFileSync(new URL('docs/conformance.md', root), 'utf8');
    const missing = explanations.filter(
      ({ title, text }: { title: string; text: string }) => !page.includes(`**${title}**`) || !page.includes(text),
    );
    expect(missing).toEqual([]);
  });
});
