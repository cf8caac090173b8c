import { describe, expect, it } from 'vitest';
import {
  errorLine,
  factLine,
  httpAnswerLines,
  httpRequestLines,
  requestLines,
  responseLines,
  tensorLine,
  textOrSize,
} from '../../../src/checks/exchange.js';
import type { Datatype, Elements } from '../../../src/protocol/datatype.js';
import { oipError } from '../../../src/protocol/status.js';

const tensor = (datatype: Datatype, data: Elements, shape = [data.length]) => ({ name: 'x', datatype, shape, data });

describe('a tensor is shown as one', () => {
  it.each([
    [tensor('FP64', Float64Array.of(1, -2.5, -0, Number.NaN)), 'x FP64 [4] typed: 1 -2.5 -0 NaN'],
    [tensor('INT64', BigInt64Array.of(9007199254740993n)), 'x INT64 [1] typed: 9007199254740993'],
    [tensor('FP64', new Float64Array(0)), 'x FP64 [0] typed:'],
    [tensor('FP64', Float64Array.of(7), []), 'x FP64 [] typed: 7'],
    [tensor('INT32', new Int32Array(20), [4, 5]), 'x INT32 [4, 5] typed: 0 0 0 0 0 0 0 0 … 20 elements'],
    [tensor('BYTES', [Buffer.from('grüße')]), 'x BYTES [1] typed: "grüße"'],
    [tensor('BYTES', [Buffer.from([0xff, 0])]), 'x BYTES [1] typed: 0xff00'],
    [tensor('BYTES', [Buffer.from('a\0b')]), 'x BYTES [1] typed: 0x610062'],
  ])('%#', (shown, line) => {
    expect(tensorLine(shown, 'typed')).toBe(line);
  });

  it('whose elements are long, in part', () => {
    expect(tensorLine(tensor('BYTES', [Buffer.alloc(1000, 'a')]), 'raw').length).toBeLessThan(80);
  });
});

describe('an inference is shown a line a thing', () => {
  const inputs = [tensor('FP64', Float64Array.of(1))];

  it('that was asked', () => {
    const call = { modelName: 'm', modelVersion: '2', id: '7', parameters: { a: 1n, b: true }, inputs };
    expect(requestLines({ ...call, outputs: [{ name: 'y' }, { name: 'z' }], form: 'raw' })).toEqual([
      'model m, version 2, id 7',
      'parameters a=1, b=true',
      'x FP64 [1] raw: 1',
      'outputs wanted: y, z',
    ]);
    expect(requestLines({ modelName: 'm', inputs: [] })).toEqual(['model m']);
  });

  it('that was answered', () => {
    const head = { modelName: 'm', modelVersion: '', id: '', parameters: {} };
    expect(responseLines({ ...head, outputs: inputs, form: 'typed' })).toEqual(['model m', 'x FP64 [1] typed: 1']);
  });

  it('in lines that end', () => {
    const long = { modelName: 'm'.repeat(10_000), inputs: [{ ...inputs[0], name: 'n'.repeat(10_000) }] };
    for (const line of requestLines(long as Parameters<typeof requestLines>[0])) {
      expect(line.length).toBeLessThanOrEqual(400);
    }
  });
});

describe('bytes are shown', () => {
  it('as text where they are text, in part where that is long', () => {
    expect(textOrSize(Buffer.from('{"a": "ü"}\n'))).toBe('{"a": "ü"}\n');
    expect(textOrSize(Buffer.from('a'.repeat(500)))).toBe(`${'a'.repeat(400)}…`);
  });

  it('as text where the cut goes through a letter', () => {
    expect(textOrSize(Buffer.from(`${'a'.repeat(399)}ü`))).toBe(`${'a'.repeat(399)}…`);
  });

  it('as their number and beginning where they are none', () => {
    expect(textOrSize(Buffer.from([0, 255]))).toBe('2 bytes: 00ff');
    expect(textOrSize(Buffer.alloc(5000))).toMatch(/^5000 bytes: 0+…$/);
  });

  it('behind headers, where HTTP carries them', () => {
    const headers = { 'content-type': 'text/plain' };
    expect(httpRequestLines({ headers, body: Buffer.from('hi') })).toEqual(['content-type: text/plain', 'hi']);
    expect(httpRequestLines({})).toEqual([]);
    expect(httpAnswerLines({ status: 404, headers, body: Buffer.alloc(0) })).toEqual(['404 text/plain']);
    expect(httpAnswerLines({ status: 200, headers: {}, body: Buffer.from('ok') })).toEqual(['200', 'ok']);
  });
});

describe('other things are shown', () => {
  it('as JSON, 64-bit integers too', () => {
    expect(factLine({ name: 'm', count: 3n })).toBe('{"name":"m","count":"3"}');
    expect(factLine(undefined)).toBe('nothing');
  });

  it('by status and message, where they are errors', () => {
    expect(errorLine(oipError('MODEL_NOT_FOUND', 'no such model'))).toBe('NOT_FOUND: no such model');
    expect(errorLine(new TypeError('fetch failed'))).toBe('fetch failed');
    expect(errorLine('a string')).toBe('a string');
  });
});
