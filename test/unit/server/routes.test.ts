import { describe, expect, it } from 'vitest';
import { matchRoute } from '../../../src/server/rest/routes.js';

const route = (name: string, model = '', version = '') => ({ kind: 'route', name, model, version });

describe('routes', () => {
  it.each([
    ['GET', '/v2', route('serverMetadata')],
    ['GET', '/v2/', route('serverMetadata')],
    ['HEAD', '/v2/health/live', route('serverLive')],
    ['GET', '/v2/health/ready?x=1', route('serverReady')],
    ['GET', '/v2/models', route('modelList')],
    ['GET', '/v2/models/m', route('modelMetadata', 'm')],
    ['GET', '/v2/models/m/ready', route('modelReady', 'm')],
    ['GET', '/v2/models/m/versions/2', route('modelMetadata', 'm', '2')],
    ['GET', '/v2/models/m/versions/2/ready', route('modelReady', 'm', '2')],
    ['POST', '/v2/models/m/infer', route('modelInfer', 'm')],
    ['POST', '/v2/models/m/versions/2/infer', route('modelInfer', 'm', '2')],
    ['GET', '/v2/models/a%20b%2Fc', route('modelMetadata', 'a b/c')],
    ['GET', '/v2/models/%2e%2e/ready', route('modelReady', '..')],
    ['GET', '/v2/models/..%2f..%2fetc', route('modelMetadata', '../../etc')],
  ])('%s %s is found', (method, url, expected) => {
    expect(matchRoute(method, url)).toEqual(expected);
  });

  it.each([
    '/',
    '',
    '/v1',
    '/v2/nothing',
    '/v2/models/../health/live',
    '/v2//models',
    '/v2/models/%zz',
    '/V2',
    '//v2',
    '*',
  ])('%j is none', (url) => {
    expect(matchRoute('GET', url)).toEqual({ kind: 'none' });
  });

  it.each([
    ['POST', '/v2/health/live', ['GET', 'HEAD']],
    ['GET', '/v2/models/m/infer', ['POST']],
    ['DELETE', '/v2/models/m', ['GET', 'HEAD']],
  ])('%s %s names the methods that work', (method, url, allow) => {
    expect(matchRoute(method, url)).toEqual({ kind: 'method', allow });
  });
});
