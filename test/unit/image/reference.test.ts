import { describe, expect, it } from 'vitest';
import { configSchema } from '../../../src/config/schema.js';
import { parseReference } from '../../../src/image/reference.js';

const digest = `sha256:${'a'.repeat(64)}`;

describe('An image reference', () => {
  it.each([
    ['node', { registry: 'docker.io', path: 'library/node', name: 'node:latest' }],
    ['node:22-slim', { registry: 'docker.io', path: 'library/node', name: 'node:22-slim', tag: '22-slim' }],
    ['team/server:1', { registry: 'docker.io', path: 'team/server', name: 'team/server:1' }],
    ['docker.io/node', { registry: 'docker.io', path: 'library/node', name: 'docker.io/node:latest' }],
    ['index.docker.io/library/node', { registry: 'docker.io', path: 'library/node' }],
    ['localhost/x:1', { registry: 'localhost', path: 'x', tag: '1' }],
    ['registry:5000/x', { registry: 'registry:5000', path: 'x', name: 'registry:5000/x:latest' }],
    [
      'r.example:5000/a/b/c:v1',
      { registry: 'r.example:5000', path: 'a/b/c', tag: 'v1', repository: 'r.example:5000/a/b/c' },
    ],
    [`r.example/x@${digest}`, { registry: 'r.example', digest, name: `r.example/x@${digest}` }],
    [`x:1@${digest}`, { tag: '1', digest, name: `x@${digest}` }],
  ])('%s is taken apart as Docker does', (text, parts) => {
    expect(parseReference(text)).toMatchObject(parts);
    expect(configSchema.parse({ image: { reference: text } }).image.reference).toBe(text);
  });

  it.each([
    '',
    'Node',
    'a b',
    'a:',
    ':1',
    'a@sha256:12',
    'a//b',
    '/a',
    'a/',
    '-a',
    'https://r.example/x',
    'a\nb',
    '../a',
    `a:${'x'.repeat(129)}`,
    `${'a/'.repeat(300)}a`,
  ])('%j is none', (text) => {
    expect(configSchema.safeParse({ image: { reference: text } }).success).toBe(false);
  });

  it('is judged in no time, however long and odd', () => {
    for (const text of ['a'.repeat(512), `${'a-'.repeat(255)}!`, `${'a/'.repeat(255)}!`, `${'a.'.repeat(255)}:`]) {
      const begin = performance.now();
      configSchema.safeParse({ image: { base: text } });
      expect(performance.now() - begin).toBeLessThan(1_000);
    }
  });
});

describe('What the config says of the image', () => {
  it.each([
    [{ source: 'pull', reference: 'a' }, 'missing'],
    [{ reference: 'a', pullPolicy: 'never' }, 'never'],
    [{ source: 'build', base: 'a', platform: 'linux/arm64/v8', pullPolicy: 'always' }, 'always'],
  ])('%j holds', (image, pullPolicy) => {
    expect(configSchema.parse({ image }).image.pullPolicy).toBe(pullPolicy);
  });

  it.each([{ platform: 'arm64' }, { platform: 'linux/' }, { pullPolicy: 'sometimes' }])('%j does not', (image) => {
    expect(configSchema.safeParse({ image }).success).toBe(false);
  });
});
