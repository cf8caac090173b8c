import { beforeEach, describe, expect, it } from 'vitest';
import { ImageError } from '../../../src/engine/image-store.js';
import { ensurePulled, type PullOptions } from '../../../src/image/pull-image.js';
import { type FakeImages, fakeImages } from '../../fakes/fake-images.js';

const limited = () => new ImageError('IMAGE_RATE_LIMITED', 'toomanyrequests', { retryable: true });
const digest = `sha256:${'b'.repeat(64)}`;

describe('Making an image of a registry available', () => {
  let images: FakeImages;
  let details: string[];
  beforeEach(() => {
    images = fakeImages();
    details = [];
  });

  const pull = (reference: string, changes: Partial<PullOptions> = {}) =>
    ensurePulled(images, {
      reference,
      policy: 'missing',
      engine: { title: 'Docker 27', os: 'linux', architecture: 'x86_64' },
      auth: { env: {}, homeDir: undefined, engine: 'docker' },
      onDetail: (detail) => details.push(detail),
      retries: { firstDelayMs: 4, random: () => 0.5 },
      ...changes,
    });

  it.each([
    ['node', { repository: 'node', tag: 'latest' }],
    ['r:5000/x:1', { repository: 'r:5000/x', tag: '1' }],
    [`x:1@${digest}`, { repository: 'x', tag: digest }],
  ])('asks for %s by its parts', async (reference, request) => {
    images.onPull = () => ({ digests: [`x@${digest}`] });
    await pull(reference);
    expect(images.pulls).toMatchObject([request]);
  });

  it('waits twice as long each time, with a note', async () => {
    images.onPull = (_, attempt) => {
      if (attempt < 3) throw limited();
      return {};
    };
    const { warnings } = await pull('x');
    expect(warnings).toEqual(['toomanyrequests; attempt 2 of 3 in 4 ms', 'toomanyrequests; attempt 3 of 3 in 8 ms']);
    expect(details).toEqual(warnings);
  });

  it.each([
    ['what does not pass', new ImageError('IMAGE_NOT_FOUND', 'no'), 1],
    [
      'what the daemon has tried for long enough',
      new ImageError('IMAGE_PULL_FAILED', 'no', { retryable: true, details: { stalled: true } }),
      1,
    ],
    ['what passes, more than three times', limited(), 3],
  ])('does not try again %s', async (_, error, attempts) => {
    images.onPull = () => {
      throw error;
    };
    await expect(pull('x')).rejects.toBe(error);
    expect(images.pulls).toHaveLength(attempts);
  });

  it('ends its wait when the command is given up', async () => {
    const aborting = new AbortController();
    images.onPull = () => {
      setImmediate(() => aborting.abort(new Error('enough')));
      throw limited();
    };
    await expect(pull('x', { signal: aborting.signal, retries: { firstDelayMs: 1e6 } })).rejects.toThrow('enough');
  });

  it('falls back with always to what is there, but not where the registry has said no', async () => {
    await pull('x');
    images.onPull = () => {
      throw limited();
    };
    const { cached, warnings } = await pull('x', { policy: 'always' });
    expect({ cached, last: warnings.at(-1) }).toEqual({
      cached: true,
      last: 'toomanyrequests; using the x:latest that Docker 27 has',
    });
    images.onPull = () => {
      throw new ImageError('IMAGE_UNAUTHORIZED', 'denied');
    };
    await expect(pull('x', { policy: 'always' })).rejects.toMatchObject({ code: 'IMAGE_UNAUTHORIZED' });
  });

  it('does not believe a digest that is another', async () => {
    images.onPull = () => ({ digests: ['x@sha256:other'] });
    await expect(pull(`x@${digest}`)).rejects.toMatchObject({ code: 'IMAGE_PULL_FAILED', message: /another digest/ });
  });

  it('does not take an image for another platform for the one that is meant', async () => {
    images.onPull = (request) => ({ architecture: request.platform?.split('/')[1] ?? 'amd64' });
    await pull('x');
    expect(await pull('x')).toMatchObject({ cached: true });
    expect(await pull('x', { platform: 'linux/arm64' })).toMatchObject({ cached: false, warnings: [] });
    await expect(pull('x', { platform: 'linux/s390x', policy: 'never' })).rejects.toThrow(
      'the image is for linux/arm64, image.platform is linux/s390x',
    );
  });

  it('names a platform that the engine does not run, and fails where one was asked for', async () => {
    images.onPull = () => ({ architecture: 'arm64' });
    const { warnings } = await pull('x');
    expect(warnings).toEqual([
      'x:latest is for another platform, and may not run: the image is for linux/arm64, Docker 27 runs linux/x86_64',
    ]);
    await expect(pull('y', { platform: 'linux/amd64' })).rejects.toMatchObject({
      code: 'IMAGE_PULL_FAILED',
      exitCode: 6,
    });
  });

  it('does not believe an engine that has nothing afterwards', async () => {
    images.find = async () => undefined;
    await expect(pull('x')).rejects.toThrow('The engine has not got x:latest after pulling it');
  });
});
