import { describe, expect, it } from 'vitest';
import {
  errorText,
  maxErrorTextLength,
  oipError,
  oipErrorFromGrpc,
  oipErrorFromHttp,
  quoteName,
  type StatusCause,
  statusTable,
} from '../../../src/protocol/status.js';

describe('the status table', () => {
  const documented: [StatusCause, string, number, number][] = [
    ['MODEL_NOT_FOUND', 'NOT_FOUND', 5, 404],
    ['MODEL_NOT_READY', 'UNAVAILABLE', 14, 503],
    ['MODEL_LOAD_FAILED', 'INTERNAL', 13, 500],
    ['INVALID_ARGUMENT', 'INVALID_ARGUMENT', 3, 400],
    ['OUT_OF_RANGE', 'OUT_OF_RANGE', 11, 400],
    ['TOO_LARGE', 'RESOURCE_EXHAUSTED', 8, 413],
    ['OVERLOADED', 'RESOURCE_EXHAUSTED', 8, 429],
    ['UNSUPPORTED_ENCODING', 'UNIMPLEMENTED', 12, 415],
    ['ROUTE_NOT_FOUND', 'UNIMPLEMENTED', 12, 404],
    ['METHOD_NOT_ALLOWED', 'UNIMPLEMENTED', 12, 405],
    ['UNIMPLEMENTED', 'UNIMPLEMENTED', 12, 501],
    ['UNAUTHENTICATED', 'UNAUTHENTICATED', 16, 401],
    ['FORBIDDEN', 'PERMISSION_DENIED', 7, 403],
    ['CANCELLED', 'CANCELLED', 1, 499],
    ['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 4, 504],
    ['UNREACHABLE', 'UNAVAILABLE', 14, 503],
    ['INTERNAL', 'INTERNAL', 13, 500],
  ];

  it.each(documented)('gives %s the status %s (%i) and HTTP %i', (cause, status, grpcCode, httpStatus) => {
    expect(oipError(cause, 'why')).toMatchObject({ name: 'OipError', status, grpcCode, httpStatus, message: 'why' });
  });

  it('has no cause that the documented table lacks', () => {
    expect(Object.keys(statusTable).sort()).toEqual(documented.map(([cause]) => cause).sort());
  });
});

describe('what a client makes of an answer', () => {
  it('takes the name of a gRPC code', () => {
    expect(oipErrorFromGrpc(5, 'gone')).toMatchObject({ status: 'NOT_FOUND', grpcCode: 5, httpStatus: 404 });
  });

  it.each([0, 17, -1])('calls the code %i, which no error has, UNKNOWN', (code) => {
    expect(oipErrorFromGrpc(code, 'odd').status).toBe('UNKNOWN');
  });

  it.each([
    [404, 'NOT_FOUND'],
    [413, 'RESOURCE_EXHAUSTED'],
    [422, 'INVALID_ARGUMENT'],
    [418, 'INVALID_ARGUMENT'],
    [503, 'UNAVAILABLE'],
    [500, 'INTERNAL'],
    [599, 'INTERNAL'],
  ])('reads HTTP %i as %s and keeps the number', (httpStatus, status) => {
    expect(oipErrorFromHttp(httpStatus, 'x')).toMatchObject({ status, httpStatus });
  });
});

describe('texts of errors', () => {
  it('are capped', () => {
    expect(errorText('x'.repeat(100_000))).toHaveLength(maxErrorTextLength);
  });

  it('are well-formed, also where the cap falls between two surrogates', () => {
    const cut = `${'x'.repeat(maxErrorTextLength - 2)}😀😀`;
    for (const text of ['\ud800', 'a\udc00b', cut]) {
      expect(() => encodeURI(errorText(text))).not.toThrow();
    }
  });

  it('hold no control characters', () => {
    expect(errorText('a\r\nb\u0000c')).toBe('a  b c');
  });

  it('quote names from outside at a length that leaves room', () => {
    expect(quoteName('a"b')).toBe('"a\\"b"');
    expect(quoteName('n'.repeat(10_000)).length).toBeLessThan(110);
  });
});
