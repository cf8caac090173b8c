/**
 * Calls a server with grpc-js or Node's fetch, as it is told line by line: see scripts/fault-clients/session.js.
 *
 * Usage: node client.js grpc|rest <host:port> [<milliseconds between keepalive pings>]
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, credentials, status as grpcStatus, Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const [kind, target, keepaliveMs] = process.argv.slice(2);
const { client, version, call } = kind === 'grpc' ? overGrpc() : overRest();
print({ client, version });
for await (const line of createInterface({ input: process.stdin })) {
  const start = performance.now();
  const outcome = await call(JSON.parse(line));
  print({ ...outcome, ms: performance.now() - start });
}
process.exit(0);

function overGrpc() {
  const proto = fileURLToPath(new URL('../../../proto/inference.proto', import.meta.url));
  const definition = loadSync(proto, { keepCase: true, longs: String });
  const { path, requestSerialize, responseDeserialize } = definition['inference.GRPCInferenceService'].ModelInfer;
  const channel = new Client(target, credentials.createInsecure(), {
    ...(keepaliveMs && { 'grpc.keepalive_time_ms': Number(keepaliveMs), 'grpc.keepalive_timeout_ms': 1_000 }),
  });
  const manifest = createRequire(import.meta.url).resolve('@grpc/grpc-js/package.json');
  return {
    client: 'grpc-js',
    version: JSON.parse(readFileSync(manifest, 'utf8')).version,
    call: ({ fault, deadlineMs, request }) =>
      new Promise((resolve) => {
        const metadata = new Metadata();
        if (fault) metadata.set('x-kserve-env-fault', fault);
        const options = { deadline: Date.now() + deadlineMs };
        const done = (error, answer) =>
          resolve(
            error
              ? { status: grpcStatus[error.code], message: error.details }
              : { status: 'OK', message: '', answer: JSON.stringify(answer) },
          );
        channel.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, done);
      }),
  };
}

function overRest() {
  return {
    client: 'fetch of Node',
    version: process.versions.node,
    async call({ fault, deadlineMs, request }) {
      try {
        const response = await fetch(`http://${target}/v2/models/simple_scaler/infer`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...(fault && { 'x-kserve-env-fault': fault }) },
          body: JSON.stringify(request),
          signal: AbortSignal.timeout(deadlineMs),
        });
        const answer = await response.json();
        return { status: String(response.status), message: answer.error ?? '', answer: JSON.stringify(answer) };
      } catch (error) {
        const cause = error.cause ? ` (${error.cause.code ?? error.cause.message})` : '';
        return { status: 'error', message: `${error.name}: ${error.message}${cause}` };
      }
    },
  };
}

function print(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
