import { describe, expect, it } from 'vitest';
import { dockerEndpoints } from '../../../src/engine/endpoints.js';

describe('The places where a Docker daemon is looked for', () => {
  it('are the known sockets, in order', () => {
    const found = dockerEndpoints({ env: { XDG_RUNTIME_DIR: '/run/user/7' }, homeDir: '/home/me', platform: 'linux' });
    expect(found.map(({ socketPath }) => socketPath)).toEqual([
      '/var/run/docker.sock',
      '/run/user/7/docker.sock',
      '/home/me/.docker/run/docker.sock',
      '/home/me/.colima/default/docker.sock',
      '/home/me/.rd/docker.sock',
    ]);
  });

  it('are fewer for a user without a home', () => {
    const found = dockerEndpoints({ env: {}, homeDir: undefined, platform: 'linux' });
    expect(found.map(({ endpoint }) => endpoint)).toEqual(['unix:///var/run/docker.sock']);
  });

  it('are only DOCKER_HOST where it is set', () => {
    const found = dockerEndpoints({ env: { DOCKER_HOST: 'unix:///my.sock' }, homeDir: '/home/me', platform: 'linux' });
    expect(found).toEqual([{ endpoint: 'unix:///my.sock', socketPath: '/my.sock' }]);
  });

  it.each(['tcp://10.0.0.1:2375', 'ssh://me@host', 'http://x', 'unix://', 'npipe:////./pipe/docker_engine', '\n'])(
    'do not include DOCKER_HOST=%s, and say why',
    (host) => {
      const [found] = dockerEndpoints({ env: { DOCKER_HOST: host }, homeDir: '/home/me', platform: 'linux' });
      expect(found?.refused).toContain('--engine process');
    },
  );

  it('never show a password', () => {
    const env = { DOCKER_HOST: 'tcp://me:secret@host:2376' };
    const [found] = dockerEndpoints({ env, homeDir: undefined, platform: 'linux' });
    expect(found?.endpoint).not.toContain('secret');
  });

  it('are a pipe on Windows', () => {
    const found = dockerEndpoints({ env: {}, homeDir: 'C:\\Users\\me', platform: 'win32' });
    expect(found.map(({ socketPath }) => socketPath)).toEqual(['//./pipe/docker_engine']);
  });
});
