import { describe, expect, it } from 'vitest';
import { matchRoute } from '../../../src/server/rest/routes.js';

const route = (name: string, model = '', version = '') => ({ kind: 'route', name, model, version });

describe('routes', () => {
  it.each([
    ['GET', '/v2', route('ServerMetadata')],
    ['GET', '/v2/', route('ServerMetadata')],
    ['HEAD', '/v2/health/live', route('ServerLive')],
    ['GET', '/v2/health/ready?x=1', route('ServerReady')],
    ['GET', '/v2/models', route('ModelList')],
    ['GET', '/v2/models/m', route('ModelMetadata', 'm')],
    ['GET', '/v2/models/m/ready', route('ModelReady', 'm')],
    ['GET', '/v2/models/m/versions/2', route('ModelMetadata', 'm', '2')],
    ['GET', '/v2/models/m/versions/2/ready', route('ModelReady', 'm', '2')],
    ['POST', '/v2/models/m/infer', route('ModelInfer', 'm')],
    ['POST', '/v2/models/m/versions/2/infer', route('ModelInfer', 'm', '2')],
    ['GET', '/v2/models/a%20b%2Fc', route('ModelMetadata', 'a b/c')],
    ['GET', '/v2/models/%2e%2e/ready', route('ModelReady', '..')],
    ['GET', '/v2/models/..%2f..%2fetc', route('ModelMetadata', '../../etc')],
    ['POST', '/v2/repository/index', route('RepositoryIndex')],
    ['POST', '/v2/repository/models/m/load', route('RepositoryModelLoad', 'm')],
    ['POST', '/v2/repository/models/m/unload', route('RepositoryModelUnload', 'm')],
    ['GET', '/v2/models/stats', route('ModelStatistics')],
    ['GET', '/v2/models/%73tats', route('ModelMetadata', 'stats')],
    ['GET', '/v2/models/m/stats', route('ModelStatistics', 'm')],
    ['GET', '/v2/models/m/versions/2/stats', route('ModelStatistics', 'm', '2')],
    ['GET', '/v2/models/m/config', route('ModelConfig', 'm')],
    ['GET', '/v2/models/m/versions/2/config', route('ModelConfig', 'm', '2')],
    ['GET', '/metrics', route('Metrics')],
    ['GET', '/v2/trace/setting', route('TraceSetting')],
    ['POST', '/v2/models/m/trace/setting', route('TraceSetting', 'm')],
    ['POST', '/v2/logging', route('LogSettings')],
    ['GET', '/v2/systemsharedmemory/status', route('SystemSharedMemoryStatus')],
    ['POST', '/v2/cudasharedmemory/region/r/register', route('CudaSharedMemoryRegister')],
    ['GET', 'http://proxy.example:80/v2/models/m', route('ModelMetadata', 'm')],
    ['GET', 'HTTP://proxy.example/metrics?x', route('Metrics')],
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
    '/v2/models//infer',
    '/v2/models/%zz',
    '/V2',
    '//v2',
    '*',
    'http://proxy.example',
    'ftp://proxy.example/v2',
  ])('%j is none', (url) => {
    expect(matchRoute('GET', url)).toEqual({ kind: 'none' });
  });

  it.each([
    ['POST', '/v2/health/live', ['GET', 'HEAD']],
    ['GET', '/v2/models/m/infer', ['POST']],
    ['DELETE', '/v2/models/m', ['GET', 'HEAD']],
    ['DELETE', '/v2/models/stats', ['GET', 'HEAD']],
    ['PUT', '/v2/logging', ['GET', 'HEAD', 'POST']],
    ['OPTIONS', '/v2/repository/index', ['POST']],
  ])('%s %s names the methods that work', (method, url, allow) => {
    expect(matchRoute(method, url)).toMatchObject({ kind: 'method', allow });
  });
});
