/** What curl asks of the Docker socket, and what a client sees: the least that `up` and `down` can cost. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { root } from '../scripts/prepare.js';

const { createOptions, networkOptions } = await import(`${root}dist/engine/docker/create-options.js`);
const { packageVersion } = await import(`${root}dist/commands/package-info.js`);

/**
 * @param socket of the daemon
 * @param name of the environment whose container it makes
 * @param ports `grpc` and `http`
 * @param imageId of the container
 * @param archive path of the image's archive
 * @param body path of a file for bodies of requests
 */
export function dockerFloor({ socket, name, ports, imageId, archive, body }) {
  function docker(method, path, ...more) {
    const args = ['-sS', '--fail-with-body', '-X', method, '--unix-socket', socket, ...more, `http://docker${path}`];
    return execFileSync('curl', args, { encoding: 'utf8' });
  }

  /** Every image of ours: one that shares a layer with another would leave it there. */
  const removeImages = () => {
    const filters = encodeURIComponent(JSON.stringify({ label: ['dev.kserve-env.content'] }));
    for (const { Id } of JSON.parse(docker('GET', `/images/json?filters=${filters}`))) {
      docker('DELETE', `/images/${Id}?force=1`);
    }
  };
  const load = () =>
    docker('POST', '/images/load', '-H', 'Content-Type: application/x-tar', '--data-binary', `@${archive}`);

  /** The network that `up` makes, for a floor that has one too. */
  const network = {
    create: () => {
      writeFileSync(body, JSON.stringify(networkOptions(name)));
      docker('POST', '/networks/create', '-H', 'Content-Type: application/json', '--data-binary', `@${body}`);
    },
    remove: () => docker('DELETE', `/networks/kserve-env-${name}`),
  };

  /** The container that `up` makes, in a network of its own or in the one that every daemon has. */
  function createAndStart(ownNetwork) {
    const server = { version: packageVersion(), models: [{ name: 'simple_scaler', kind: 'scale' }] };
    const spec = {
      name,
      imageId,
      env: { KSERVE_ENV_SERVER_CONFIG: JSON.stringify(server) },
      labels: {},
      ports,
      resources: { memoryMiB: 256, cpus: 1 },
    };
    const options = createOptions(spec);
    if (ownNetwork) network.create();
    else {
      options.HostConfig.NetworkMode = 'bridge';
      delete options.NetworkingConfig;
    }
    writeFileSync(body, JSON.stringify(options));
    const header = ['-H', 'Content-Type: application/json', '--data-binary', `@${body}`];
    docker('POST', `/containers/create?name=kserve-env-${name}`, ...header);
    docker('POST', `/containers/kserve-env-${name}/start`);
  }
  function removeContainer(ownNetwork) {
    docker('DELETE', `/containers/kserve-env-${name}?force=1`);
    if (ownNetwork) network.remove();
  }

  /** Tries until it works, with nothing but a turn of the event loop between. */
  async function until(attempt) {
    while (!(await new Promise(attempt))) await new Promise(setImmediate);
  }
  const accepted = () =>
    until((done) => {
      const client = connect(ports.http, '127.0.0.1', () => done(true));
      client.on('connect', () => client.destroy()).on('error', () => done(false));
    });
  const live = () =>
    until((done) => {
      const request = get({ port: ports.http, path: '/v2/health/live', agent: false, timeout: 500 }, (response) => {
        response.resume();
        done(response.statusCode === 200);
      });
      request.on('timeout', () => request.destroy()).on('error', () => done(false));
    });
  return { load, createAndStart, removeContainer, removeImages, accepted, live };
}
