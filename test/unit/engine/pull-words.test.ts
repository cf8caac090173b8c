import { describe, expect, it } from 'vitest';
import { pullError } from '../../../src/engine/docker/pull-errors.js';
import { pullTracker } from '../../../src/engine/docker/pull-tracker.js';

describe('What a daemon says when a pull fails', () => {
  it.each([
    ['manifest for r/x:1 not found: manifest unknown: manifest unknown', 'IMAGE_NOT_FOUND', false],
    ['no matching manifest for linux/arm64/v8 in the manifest list entries', 'IMAGE_NOT_FOUND', false],
    ['reading manifest 1 in r/x: name unknown: repository name not known to registry', 'IMAGE_NOT_FOUND', false],
    ['Head "http://r/v2/x/manifests/1": no basic auth credentials', 'IMAGE_UNAUTHORIZED', false],
    ['unauthorized: authentication required', 'IMAGE_UNAUTHORIZED', false],
    ["pull access denied for x, repository does not exist or may require 'docker login'", 'IMAGE_UNAUTHORIZED', false],
    [
      'initializing source docker://x: unable to retrieve auth token: invalid username/password: unauthorized',
      'IMAGE_UNAUTHORIZED',
      false,
    ],
    ['toomanyrequests: You have reached your pull rate limit.', 'IMAGE_RATE_LIMITED', true],
    ['received unexpected HTTP status: 429 Too Many Requests', 'IMAGE_RATE_LIMITED', true],
    ['Get "http://r/v2/": dial tcp 127.0.0.1:1: connect: connection refused', 'IMAGE_PULL_FAILED', true],
    ['Get "https://r/v2/": dial tcp: lookup r: no such host', 'IMAGE_PULL_FAILED', true],
    ['received unexpected HTTP status: 503 Service Unavailable', 'IMAGE_PULL_FAILED', true],
    ['unexpected EOF', 'IMAGE_PULL_FAILED', true],
    [
      'pinging container registry r: Get "http://r/v2/": http: server closed idle connection',
      'IMAGE_PULL_FAILED',
      true,
    ],
    ['net/http: TLS handshake timeout', 'IMAGE_PULL_FAILED', true],
    ['write /var/lib/docker/tmp/x: no space left on device', 'IMAGE_PULL_FAILED', false],
    ['x509: certificate signed by unknown authority', 'IMAGE_PULL_FAILED', false],
  ])('%s: %s', (words, code, retryable) => {
    expect(pullError('r/x:1', words, { kind: 'docker' })).toMatchObject({
      code,
      retryable,
      exitCode: 6,
      hint: expect.any(String),
    });
  });

  it.each([
    ['docker', 'r.example:5000/x:1', 'docker login r.example:5000, '],
    ['docker', 'localhost/x:1', 'docker login localhost, '],
    ['docker', 'team/x:1', 'docker login, '],
    ['docker', 'x:1', 'docker login, '],
    ['podman', 'r.example:5000/x:1', 'podman login r.example:5000, '],
    ['podman', 'team/x:1', 'podman login docker.io, '],
  ] as const)('names the command to log in with: %s, %s', (kind, reference, hint) => {
    expect(pullError(reference, 'unauthorized', { kind }).hint).toContain(hint);
  });
});

describe('How far a pull is', () => {
  const downloading = (id: string, current: number, total: number) => ({
    id,
    status: 'Downloading',
    progressDetail: { current, total },
  });

  it('is the sum of its layers, of which those that were there count as done', () => {
    const tracker = pullTracker();
    tracker.take({ id: '1', status: 'Pulling from team/x' });
    for (const id of ['a', 'b']) tracker.take({ id, status: 'Pulling fs layer' });
    tracker.take({ id: 'c', status: 'Already exists' });
    tracker.take(downloading('a', 50, 100));
    expect(tracker.progress()).toEqual({ layers: { done: 1, total: 3 }, bytes: { done: 50, total: 100 } });
    tracker.take(downloading('a', 100, 100));
    tracker.take({ id: 'a', status: 'Extracting', progressDetail: { current: 10, total: 100 } });
    tracker.take({ id: 'a', status: 'Pull complete' });
    tracker.take(downloading('b', 20, 40));
    expect(tracker.progress()).toEqual({ layers: { done: 2, total: 3 }, bytes: { done: 120, total: 140 } });
    tracker.take({ status: 'Digest: sha256:1' });
    expect(tracker.progress().layers.total).toBe(3);
  });

  it('comes nearer with bytes and with steps, and not with attempts', () => {
    const tracker = pullTracker();
    expect(tracker.take({ id: 'a', status: 'Pulling fs layer' })).toBe(true);
    expect(tracker.take(downloading('a', 50, 100))).toBe(true);
    expect(tracker.take({ id: 'a', status: 'Retrying in 5 seconds' })).toBe(false);
    expect(tracker.take({ id: 'a', status: 'Pulling fs layer' })).toBe(false);
    expect(tracker.take(downloading('a', 30, 100))).toBe(false);
    expect(tracker.progress().bytes.done).toBe(50);
    expect(tracker.take(downloading('a', 51, 100))).toBe(true);
    expect(tracker.take({ id: 'a', status: 'Verifying Checksum' })).toBe(true);
    expect(tracker.take({ id: 'a', status: 'Pull complete' })).toBe(true);
  });
});
