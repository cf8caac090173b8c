import { describe, expect, it } from 'vitest';
import { dockerEndpoints, type EndpointContext, podmanEndpoints } from '../../../src/engine/endpoints.js';

const context = (changes: Partial<EndpointContext> = {}): EndpointContext => ({
  env: {},
  homeDir: '/home/me',
  platform: 'linux',
  uid: 7,
  ...changes,
});
const only = (env: Record<string, string>) => dockerEndpoints(context({ env }))[0];

describe('The places where a Docker daemon is looked for', () => {
  it('are the known sockets, in order', () => {
    const found = dockerEndpoints(context({ env: { XDG_RUNTIME_DIR: '/run/mine' } }));
    expect(found.map(({ endpoint }) => endpoint)).toEqual([
      'unix:///var/run/docker.sock',
      'unix:///run/mine/docker.sock',
      'unix:///run/user/7/docker.sock',
      'unix:///home/me/.docker/run/docker.sock',
      'unix:///home/me/.docker/desktop/docker.sock',
      'unix:///home/me/.colima/default/docker.sock',
      'unix:///home/me/.config/colima/default/docker.sock',
      'unix:///home/me/.rd/docker.sock',
      'unix:///home/me/.orbstack/run/docker.sock',
    ]);
  });

  it('are fewer for a user without a home', () => {
    const found = dockerEndpoints(context({ homeDir: undefined, uid: 0 }));
    expect(found.map(({ endpoint }) => endpoint)).toEqual(['unix:///var/run/docker.sock']);
  });

  it('are only DOCKER_HOST where it is set, whatever the context', () => {
    const env = { DOCKER_HOST: 'unix:///my.sock' };
    const found = dockerEndpoints(context({ env }), { name: 'other', host: 'unix:///other.sock' });
    expect(found).toEqual([
      { expected: 'docker', endpoint: 'unix:///my.sock', way: { kind: 'socket', path: '/my.sock' } },
    ]);
  });

  it('are only the context where one is chosen', () => {
    const found = dockerEndpoints(context(), { name: 'colima', host: 'unix:///colima.sock' });
    expect(found.map(({ endpoint }) => endpoint)).toEqual(['unix:///colima.sock']);
  });

  it.each([
    { env: {}, hint: 'docker context use default' },
    { env: { DOCKER_CONTEXT: 'gone' }, hint: 'unset DOCKER_CONTEXT' },
  ])('are none with a broken context, which comes with its fix: $hint', ({ env, hint }) => {
    const found = dockerEndpoints(context({ env }), { name: 'gone', broken: 'is not there' });
    expect(found).toEqual([
      {
        expected: 'docker',
        endpoint: 'Docker context "gone"',
        refused: 'is not there',
        hint: expect.stringContaining(hint),
      },
    ]);
  });

  it.each([
    ['http://', 'it names no host'],
    ['unix://', 'it names no socket'],
    ['npipe:////./pipe/docker_engine', 'this system has no npipe sockets'],
    ['\n', 'it is no address'],
    ['ftp://host', 'it is no address'],
    ['tcp://10.255.0.1:2375', 'plain TCP'],
    ['tcp://me:secret@localhost:2375', 'has no users'],
    ['ssh://', 'it names no host'],
    ['ssh://-oProxyCommand=x', 'no name of a machine'],
    ['ssh://host;reboot', 'no name of a machine'],
    ['ssh://-l@host', 'no name of a user'],
    ['ssh://me:secret@host', 'no password'],
    ['ssh://host/run/$(reboot)', 'no plain path'],
  ])('do not include DOCKER_HOST=%j, and say why', (DOCKER_HOST, why) => {
    const found = only({ DOCKER_HOST });
    expect(found?.way).toBeUndefined();
    expect(found?.refused).toContain(why);
    expect(found?.hint).toContain('--engine process');
    expect(found?.endpoint).not.toContain('secret');
  });

  it.each([
    ['tcp://127.0.0.1', { kind: 'tcp', host: '127.0.0.1', port: 2375 }],
    ['tcp://localhost:80', { kind: 'tcp', host: 'localhost', port: 80 }],
    ['http://[::1]:2375/', { kind: 'tcp', host: '::1', port: 2375 }],
    ['ssh://host', { kind: 'ssh', host: 'host' }],
    ['ssh://me@host:2222', { kind: 'ssh', host: 'host', user: 'me', port: 2222 }],
    ['ssh://me@[fe80::1]:22', { kind: 'ssh', host: 'fe80::1', user: 'me', port: 22 }],
    ['ssh://host/run/user/1/docker.sock', { kind: 'ssh', host: 'host', socketPath: '/run/user/1/docker.sock' }],
  ])('include DOCKER_HOST=%s', (DOCKER_HOST, way) => {
    expect(only({ DOCKER_HOST })).toMatchObject({ endpoint: DOCKER_HOST, way });
  });

  it.each([
    [{}, 'plain TCP'],
    [{ DOCKER_TLS: '1' }, 'TLS that does not verify'],
    [{ DOCKER_CERT_PATH: '/certs' }, 'TLS that does not verify'],
    [{ DOCKER_CERT_PATH: '/certs', DOCKER_TLS_VERIFY: '' }, 'TLS that does not verify'],
  ])('do not include another machine with %j, unless that is asked for', (env, why) => {
    const DOCKER_HOST = 'tcp://10.255.0.1';
    expect(only({ ...env, DOCKER_HOST })?.refused).toContain(why);
    const allowed = only({ ...env, DOCKER_HOST, KSERVE_ENV_ALLOW_INSECURE_ENGINE: '1' });
    expect(allowed).toMatchObject({ elsewhere: true, way: { host: '10.255.0.1' } });
  });

  it.each(['1', 'true', '0', 'no'])('are verified by TLS with DOCKER_TLS_VERIFY=%s', (DOCKER_TLS_VERIFY) => {
    const env = { DOCKER_HOST: 'tcp://10.255.0.1', DOCKER_TLS_VERIFY };
    const tls = { directory: '/home/me/.docker', verify: true };
    expect(only(env)).toMatchObject({ elsewhere: true, way: { port: 2376, tls } });
    expect(only({ ...env, DOCKER_CERT_PATH: '/certs' })).toMatchObject({ way: { tls: { directory: '/certs' } } });
  });

  it('are pipes on Windows', () => {
    const found = dockerEndpoints(context({ platform: 'win32' }));
    expect(found.map(({ endpoint }) => endpoint)).toEqual([
      'npipe:////./pipe/docker_engine',
      'npipe:////./pipe/dockerDesktopLinuxEngine',
    ]);
  });
});

describe('The places where a Podman is looked for', () => {
  const places = (changes: Partial<EndpointContext> = {}) =>
    podmanEndpoints(context(changes)).map(({ endpoint }) => endpoint);

  it("are the user's own socket, then the system's", () => {
    expect(places()).toEqual(['unix:///run/user/7/podman/podman.sock', 'unix:///run/podman/podman.sock']);
    expect(places({ uid: 0 })).toEqual(['unix:///run/podman/podman.sock']);
  });

  it('are only CONTAINER_HOST where it is set', () => {
    expect(places({ env: { CONTAINER_HOST: 'unix:///my.sock' } })).toEqual(['unix:///my.sock']);
  });

  it('are the sockets of a Podman machine on macOS, and a pipe on Windows', () => {
    expect(places({ platform: 'darwin', env: { TMPDIR: '/var/folders/T/' } })).toEqual([
      'unix:///run/podman/podman.sock',
      'unix:///var/folders/T/podman/podman-machine-default-api.sock',
      'unix:///home/me/.local/share/containers/podman/machine/podman.sock',
      'unix:///home/me/.local/share/containers/podman/machine/podman-machine-default/podman.sock',
    ]);
    expect(places({ platform: 'win32' })).toEqual(['npipe:////./pipe/podman-machine-default']);
  });
});
