/** Reports of runs that never were, for the tests of what is made of them. */
import type { CaseResult, SuiteName, Verdict } from '../../../src/checks/case.js';
import type { RunReport } from '../../../src/checks/report/run-report.js';
import { suiteCounts } from '../../../src/checks/report/suite-counts.js';
import { summarise } from '../../../src/checks/runner.js';

/** The last part of ids, of what is checked over each. */
export const routes = ['grpc-typed', 'grpc-raw', 'rest-json', 'rest-binary'];

/** One outcome; its id begins with the suite, and it has a request where it failed or was noted. */
export function outcome(status: Verdict, more: Partial<CaseResult> & { suite?: SuiteName } = {}): CaseResult {
  const { suite = 'infer' } = more;
  const exchange = {
    transport: 'grpc' as const,
    call: 'ModelInfer',
    request: ['model scaler', 'input FP64 [2] typed: 1 2'],
    answer: ['model scaler, version 1', 'output FP64 [2] typed: 2 5'],
    ms: 1.2,
  };
  return {
    id: `${suite}/scaler/${status}/grpc-typed`,
    suite,
    title: `It is ${status}`,
    spec: 'what is said',
    why: 'what is suffered',
    transports: ['grpc'],
    model: 'scaler',
    status,
    ms: 1.5,
    ...((status === 'failed' || status === 'noted') && { exchanges: [exchange] }),
    ...(status !== 'passed' && { message: `because it ${status}` }),
    ...more,
  };
}

/** A report of these outcomes. */
export function reportOf(cases: CaseResult[], more: Partial<RunReport> = {}): RunReport {
  return {
    environment: 'mine',
    server: { name: 'kserve-env', version: '1.2.3', extensions: ['statistics'], models: ['scaler'] },
    endpoints: { grpc: '127.0.0.1:1', http: 'http://127.0.0.1:2' },
    summary: summarise(cases),
    suites: suiteCounts(cases),
    ms: 1234,
    startedAt: Date.UTC(2030, 0, 2, 3, 4, 5),
    version: '0.1.0',
    strict: false,
    notRun: 0,
    cases,
    ...more,
  };
}

/** How long the environment of a report took to set up. */
export const setUp = {
  time: '2030-01-02T03:00:00.000Z',
  engine: 'docker',
  phases: [
    { title: 'Image', ms: 500, cached: true },
    { title: 'Start', ms: 300, cached: false },
  ],
  totalMs: 1000,
  budgetMs: 300_000,
};

/** What a hostile server may say. */
export const hostileTexts = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  ']]></failure><testcase name="forged"/>',
  '</style></script><svg onload=alert(1)>',
  '\u0000\u0001\u0008\u000b\u001b[31mred\u001b]8;;http://evil\u0007',
  '\ud800 \udfff lone',
  '\ufffe\uffff',
  '\u202egnp.exe',
  'a\r\nb\tc',
  '&amp; &#0; &nosuch;',
  '`````\n# heading\n| a | b |',
  'javascript:alert(1)',
];
