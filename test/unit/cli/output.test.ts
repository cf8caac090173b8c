import { describe, expect, it } from 'vitest';
import { errorText, errorWords, exitCodeOf, jsonAnswer } from '../../../src/cli/output.js';
import { writeJson } from '../../../src/cli/write.js';
import { ExitCode, KServeEnvError, TimedOutError, UsageError } from '../../../src/errors.js';
import { recorder } from './terminal.js';

const known = new KServeEnvError('PORT_IN_USE', ExitCode.portTaken, 'Port 1 is taken', {
  hint: 'use another',
  retryable: true,
  details: { port: 1 },
  cause: new Error('EADDRINUSE'),
});

describe('the JSON form', () => {
  it('of an answer', () => {
    expect(jsonAnswer('up', { name: 'mine' }, ['slow'])).toEqual({
      schemaVersion: 1,
      command: 'up',
      status: 'ok',
      data: { name: 'mine' },
      warnings: ['slow'],
      error: null,
    });
  });

  it('of an error', () => {
    expect(jsonAnswer('up', null, [], known)).toEqual({
      schemaVersion: 1,
      command: 'up',
      status: 'error',
      data: null,
      warnings: [],
      error: {
        code: 'PORT_IN_USE',
        message: 'Port 1 is taken',
        hint: 'use another',
        retryable: true,
        details: { port: 1 },
      },
    });
  });

  it('of a failure that comes with its data', () => {
    const answer = jsonAnswer('smoke', { summary: {} }, [], known);
    expect(answer).toMatchObject({ status: 'error', data: { summary: {} }, error: { code: 'PORT_IN_USE' } });
  });

  it.each([new TypeError('x is not a function'), 'a string', undefined, null])('of a bug: %s', (thrown) => {
    const { status, error } = jsonAnswer('up', null, [], thrown ?? new Error('nothing'));
    expect(status).toBe('error');
    expect(error).toMatchObject({
      code: 'BUG',
      retryable: false,
      details: {},
      hint: expect.stringContaining('report'),
    });
    expect(JSON.stringify(error)).not.toContain('    at ');
  });

  it('of an error without a hint says null', () => {
    expect(jsonAnswer('up', null, [], new UsageError('no')).error?.hint).toBeNull();
  });
});

describe('JSON text', () => {
  const text = (value: unknown, space?: number) => {
    const out = recorder();
    writeJson(out.stream, value, space);
    return out.text();
  };

  it('keeps int64 and −0 exact', () => {
    expect(text([9_007_199_254_740_993n, -0, 0, 0.1], 0)).toBe('[9007199254740993,-0,0,0.1]\n');
  });
  it('is indented, or one line in a stream', () => {
    expect(text({ a: 1 })).toBe('{\n  "a": 1\n}\n');
    expect(text({ a: 'x\ny' }, 0)).toBe('{"a":"x\\ny"}\n');
  });
});

describe('an error for people', () => {
  const textOf = (error: unknown, verbose = false) => errorText(errorWords(error, verbose), '→');

  it('that is known is its message and the next step, never a stack', () => {
    expect(textOf(known)).toBe('Port 1 is taken\n  → use another');
    expect(textOf(new UsageError('no'))).toBe('no');
  });

  it('tells its causes where more is asked for', () => {
    const text = textOf(known, true);
    expect(text).toContain('Port 1 is taken\n  → use another\n');
    expect(text).toContain('caused by Error: EADDRINUSE');
  });

  it('that is unknown is a bug of ours, with its stack', () => {
    for (const verbose of [false, true]) {
      const text = textOf(new TypeError('x is not a function'), verbose);
      expect(text).toMatch(/^TypeError: x is not a function\n {4}at /);
      expect(text).toContain('this is a bug of kserve-env');
    }
    expect(textOf('a string')).toContain('a string\n');
  });

  it('keeps its lines, and cannot move the cursor', () => {
    const hostile = new UsageError('first\n\tsecond\r\u001b[2Jthird\u009b1A\u202e', { hint: 'rm\u0007' });
    expect(textOf(hostile, false)).toBe('first\n\tsecond\\u000d\\u001b[2Jthird\\u009b1A\\u202e\n  → rm\\u0007');
    expect(textOf(hostile, true)).toMatch(/^[\P{Cc}\n\t]*$/u);
  });
});

describe('the exit code', () => {
  it.each([
    [known, 7],
    [new UsageError('no'), 2],
    [new TimedOutError('no'), 124],
    [new Error('unknown'), 1],
    ['a string', 1],
    [undefined, 1],
  ])('of %s is %d', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});
