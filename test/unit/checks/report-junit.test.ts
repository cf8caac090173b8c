import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { junitReport } from '../../../src/checks/report/junit.js';
import { hostileTexts, outcome, reportOf } from './sample-report.js';

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  isArray: (name) => ['testsuite', 'testcase', 'property'].includes(name),
});

interface Failure {
  message: string;
  type: string;
  '#text': string;
}
interface TestCase {
  classname: string;
  name: string;
  time: string;
  failure?: Failure;
  skipped?: { message: string };
  'system-out'?: string;
}
interface Counts {
  name: string;
  tests: string;
  failures: string;
  errors: string;
  skipped: string;
  time: string;
}
interface Suite extends Counts {
  timestamp: string;
  properties: { property: { name: string; value: string }[] };
  testcase: TestCase[];
}

function parsed(xml: string): Counts & { testsuite: Suite[] } {
  expect(XMLValidator.validate(xml)).toBe(true);
  return (parser.parse(xml) as { testsuites: Counts & { testsuite: Suite[] } }).testsuites;
}

const mixed = [
  outcome('passed', { suite: 'health', id: 'health/live/grpc' }),
  outcome('passed'),
  outcome('failed', { message: 'expected 4, got 5' }),
  outcome('noted'),
  outcome('skipped', { message: 'no REST endpoint' }),
];

describe('the JUnit report', () => {
  it('has a suite for each suite that ran, whose counts are those of its cases', () => {
    const { testsuite, ...whole } = parsed(junitReport(reportOf(mixed)));
    expect(whole).toMatchObject({ tests: '5', failures: '1', errors: '0', time: '1.2340' });
    expect(testsuite.map(({ name, tests, failures, skipped }) => [name, tests, failures, skipped])).toEqual([
      ['health', '1', '0', '0'],
      ['infer', '4', '1', '1'],
    ]);
    for (const suite of testsuite) {
      expect(suite.testcase).toHaveLength(Number(suite.tests));
      expect(suite.timestamp).toBe('2030-01-02T03:04:05');
    }
  });

  it('names each case by suite, title and id, with its time in seconds', () => {
    const { testsuite } = parsed(junitReport(reportOf(mixed)));
    expect(testsuite[0]?.testcase[0]).toEqual({
      classname: 'health',
      name: 'It is passed [health/live/grpc]',
      time: '0.0015',
    });
  });

  it('tells a failure with request, answer, specification and the command that runs it alone', () => {
    const { testsuite } = parsed(junitReport(reportOf(mixed)));
    const failure = testsuite[1]?.testcase[1]?.failure;
    expect(failure).toMatchObject({ message: 'expected 4, got 5', type: 'failure' });
    for (const words of [
      '→ gRPC ModelInfer',
      'input FP64 [2] typed: 1 2',
      '← after 1.2 ms',
      'output FP64 [2] typed: 2 5',
      'specification: what is said',
      'alone: kserve-env smoke --case infer/scaler/failed/grpc-typed',
    ])
      expect(failure?.['#text']).toContain(words);
  });

  it('tells a note as output, and as a failure where notes count', () => {
    const noted = (strict: boolean) => parsed(junitReport(reportOf(mixed, { strict }))).testsuite[1]?.testcase[2];
    expect(noted(false)?.['system-out']).toContain('note: because it noted');
    expect(noted(false)?.failure).toBeUndefined();
    expect(noted(true)?.failure).toMatchObject({ type: 'note', message: 'because it noted' });
  });

  it('tells why a case was skipped', () => {
    expect(parsed(junitReport(reportOf(mixed))).testsuite[1]?.testcase[3]?.skipped).toEqual({
      message: 'no REST endpoint',
    });
  });

  it('says which server it was', () => {
    const properties = parsed(junitReport(reportOf(mixed))).testsuite[0]?.properties.property;
    expect(properties).toContainEqual({ name: 'server.name', value: 'kserve-env' });
    expect(properties).toContainEqual({ name: 'endpoint.rest', value: 'http://127.0.0.1:2' });
  });

  it('names the address of a server that is not ours in the command for one case', () => {
    const { environment, ...foreign } = reportOf([outcome('failed', { id: "infer/it's/grpc" })]);
    expect(junitReport(foreign)).toContain(
      `alone: kserve-env smoke --endpoint 127.0.0.1:1 --rest-url http://127.0.0.1:2 --case 'infer/it'\\''s/grpc'`,
    );
  });

  it('of no case is a document all the same', () => {
    expect(parsed(junitReport(reportOf([])))).toMatchObject({ tests: '0', failures: '0' });
  });
});

/** Every place that holds words of a server. */
function saidEverywhere(text: string) {
  const exchange = { transport: 'rest' as const, call: text, request: [text], answer: [text], ms: 1 };
  const said = { message: text, title: text, id: `infer/${text}`, model: text, exchanges: [exchange] };
  const cases = (['failed', 'noted', 'skipped'] as const).map((status) => outcome(status, said));
  return reportOf(cases, { server: { name: text, version: text, extensions: [text], models: [text] } });
}

/** What Jenkins' schema (jenkinsci/xunit-plugin, junit-10.xsd) lets stand in each element that is written here. */
const allowed: Record<string, string[]> = {
  testsuites: ['name', 'time', 'tests', 'failures', 'errors', 'testsuite'],
  testsuite: ['name', 'tests', 'failures', 'errors', 'time', 'skipped', 'timestamp', 'properties', 'testcase'],
  properties: ['property'],
  property: ['name', 'value'],
  testcase: ['name', 'time', 'classname', 'skipped', 'failure', 'system-out'],
  failure: ['message', 'type', '#text'],
  skipped: ['message', 'type', '#text'],
};

function assertAllowed(name: string, node: unknown): void {
  if (Array.isArray(node)) for (const one of node) assertAllowed(name, one);
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
  for (const [key, value] of Object.entries(node)) {
    expect(allowed[name], name).toContain(key);
    assertAllowed(key, value);
  }
}

describe('every element and attribute', () => {
  it.each([false, true])('is one that Jenkins reads, strict: %s', (strict) => {
    const root = parsed(junitReport(reportOf(mixed, { strict })));
    assertAllowed('testsuites', root);
    for (const { time } of [root, ...root.testsuite]) expect(time).toMatch(/^\d+\.\d{4}$/);
  });
});

describe('whatever a server says', () => {
  it.each(hostileTexts)('%j stays text in well-formed XML', (text) => {
    const xml = junitReport(saidEverywhere(text));
    expect(parsed(xml).testsuite[0]?.testcase).toHaveLength(3);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 forbids
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/u);
  });

  it('any string stays well-formed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(parsed(junitReport(saidEverywhere(text))).testsuite[0]?.testcase).toHaveLength(3);
      }),
      { numRuns: 100 },
    );
  });

  const readers = [
    {
      reader: 'Python',
      command: 'python3',
      args: ['-c', 'import sys, xml.etree.ElementTree as E; E.fromstring(sys.stdin.buffer.read())'],
    },
    { reader: 'libxml2', command: 'xmllint', args: ['--noout', '-'] },
  ];
  const there = readers.map((one) => ({ ...one, absent: spawnSync(one.command, ['--version']).error !== undefined }));
  it.for(there)('is read by $reader', ({ command, args, absent }, { skip }) => {
    skip(absent, `${command} is not there`);
    const xml = junitReport(saidEverywhere(hostileTexts.join('\n')));
    const { status, stderr } = spawnSync(command, args, { input: Buffer.from(xml, 'utf8'), encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
