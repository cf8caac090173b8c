/**
 * Clients that we did not write, each a process that makes one call for each line that it is told, and the server that
 * they are let loose on. Prepared by scripts/test-interop.js.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startChild } from '../../bench/processes.js';
import { startOurs } from '../../bench/server-contenders.js';
import { root } from '../prepare.js';
import { goToolOf, pythonOf } from '../registry-tools.js';

const node = () => [process.execPath, `${root}test/interop/fault-clients/client.js`];
const python = () => [pythonOf('interop'), `${root}test/interop/fault-clients/client.py`];
const go = () => [goToolOf('fault-client')];

/** Every client: `command` starts it, and the rest of its arguments is the same for all. */
export const clients = {
  'grpc-go': { transport: 'grpc', command: go },
  'grpc-js': { transport: 'grpc', command: node },
  grpcio: { transport: 'grpc', command: python },
  'net/http': { transport: 'rest', command: go },
  fetch: { transport: 'rest', command: node },
  requests: { transport: 'rest', command: python },
};

/** What every call asks, by transport. */
const requests = {
  grpc: {
    model_name: 'simple_scaler',
    inputs: [{ name: 'input_tensor', datatype: 'FP64', shape: [3], contents: { fp64_contents: [1, -2.5, 3] } }],
  },
  rest: { inputs: [{ name: 'input_tensor', datatype: 'FP64', shape: [3], data: [1, -2.5, 3] }] },
};

/**
 * Starts a client, which connects with its first call and keeps its connection as it does by itself.
 *
 * @param {keyof typeof clients} name
 * @param {{ grpc: string, rest: string }} server
 * @param {{ keepaliveMs?: number }} options milliseconds between pings of a gRPC client
 */
export async function startClient(name, server, { keepaliveMs } = {}) {
  const { transport, command } = clients[name];
  const [program, ...script] = command();
  if (!existsSync(program)) throw new Error(`There is no ${program}: node scripts/test-interop.js --prepare makes it`);
  const args = [...script, transport, server[transport], ...(keepaliveMs === undefined ? [] : [String(keepaliveMs)])];
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', FAULT_CLIENT_PROTO: await descriptor() };
  const child = startChild(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-2_000);
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.once('error', () => {});
  // What is written to a client that has ended is answered by the end of its lines.
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`The client ${name} ended: ${complaint.trim()}`);
    return JSON.parse(value);
  };
  const { client, version } = await next();
  return {
    title: `${client} ${version}`,
    /** @returns {Promise<{ status: string, message: string, ms: number, answer?: string }>} */
    call({ fault, deadlineMs = 2_000 } = {}) {
      child.stdin.write(`${JSON.stringify({ fault, deadlineMs, request: requests[transport] })}\n`);
      return next();
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The protocol's file for clients without generated code, as base64 of its FileDescriptorProto. */
async function descriptor() {
  const { describeProto } = await import('../../dist/protocol/proto-descriptors.js');
  return Buffer.from(describeProto('inference.proto').bytes).toString('base64');
}

/** Starts a server of the built bundle whose faults are ordered by its control socket. */
export async function startFaultServer() {
  const directory = mkdtempSync(join(tmpdir(), 'kserve-env-fault-clients-'));
  const controlSocket = join(directory, 'control.sock');
  const bundle = `${root}dist/kserve-server.cjs`;
  let server = await startOurs(bundle, { controlSocket });
  const { grpcPort, httpPort } = server;
  return {
    grpc: `127.0.0.1:${grpcPort}`,
    rest: `127.0.0.1:${httpPort}`,
    /** @param {object[]} faults */
    add: (faults) => control(controlSocket, { do: 'add', faults }),
    clear: () => control(controlSocket, { do: 'clear' }),
    /** On the same ports, for one that has crashed. */
    async restart() {
      await server.stop();
      server = await startOurs(bundle, { controlSocket, grpcPort, httpPort });
    },
    async stop() {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** One line there, one line back. */
async function control(path, order) {
  const text = await new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${JSON.stringify(order)}\n`));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
  const answer = JSON.parse(text);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer;
}
