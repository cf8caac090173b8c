/** The tests with clients that we did not write: prepares the clients in .cache/, and runs them. */
import { fileURLToPath } from 'node:url';
import { prepare, run } from './prepare.js';
import {
  goIsReady,
  ownGoIsReady,
  prepareGo,
  prepareOwnGo,
  preparePython,
  pythonIsReady,
  registryAnswers,
} from './registry-tools.js';

/** The one version of each client that the tests are known to pass with. */
const clients = {
  python: [
    'tritonclient[grpc,http]==2.73.0',
    'kserve==0.21.0',
    'open-inference-grpc==2.0.0',
    'open-inference-openapi==2.0.0.1',
    'grpcio==1.85.1',
    'requests==2.34.2',
    'grpcio-health-checking==1.81.1',
    'grpcio-reflection==1.81.1',
    'opentelemetry-proto==1.44.0',
  ],
  go: ['github.com/grpc-ecosystem/grpc-health-probe@v0.4.61', 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4'],
  /** Programs of this checkout. */
  ownGo: 'test/interop/go/fault-client',
};

/** Whether the clients are there already, or can be had. */
export function clientsAreToBeHad() {
  const ready = pythonIsReady('interop', clients.python) && goIsReady(clients.go) && ownGoIsReady(clients.ownGo);
  return ready || registryAnswers();
}

/** Makes the clients, each only where it is not there. */
export function prepareClients() {
  preparePython('interop', clients.python);
  prepareGo(clients.go);
  prepareOwnGo(clients.ownGo);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  prepare();
  prepareClients();
  if (!process.argv.includes('--prepare')) {
    run('Interop tests', process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'interop']);
  }
}
