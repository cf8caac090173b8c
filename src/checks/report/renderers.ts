/** The forms of report that go into files, each loaded where it is asked for. */
import type { RunReport } from './run-report.js';

/** By the flag of `smoke` that asks for it. */
export const reportKinds = ['junit', 'markdown', 'html'] as const;

export type ReportKind = (typeof reportKinds)[number];

/** What makes the text of a report: a whole file, with a line break at its end. */
export async function rendererOf(kind: ReportKind): Promise<(report: RunReport) => string> {
  switch (kind) {
    case 'junit':
      return (await import('./junit.js')).junitReport;
    case 'markdown':
      return (await import('./markdown.js')).markdownReport;
    case 'html':
      return (await import('./html.js')).htmlReport;
  }
}
