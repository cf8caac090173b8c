/**
 * What a run of `smoke` costs: against as many bare requests, one after another, as the server counted while it ran. And
 * what `metrics` costs over the inference of the same points. Floor and product take turns, on a server that was warmed.
 *
 * node bench/smoke.js [--rounds 5] [--json]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { parseArgs } from 'node:util';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { prepare, root } from '../scripts/prepare.js';
import { startOurs } from './server-contenders.js';
import { median } from './server-report.js';

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
});

prepare();
const template = await import('../dist/config/default-models.js');
const server = await startOurs(`${root}dist/kserve-server.cjs`, { models: template.defaultModels });
const endpoints = ['--endpoint', `127.0.0.1:${server.grpcPort}`, '--rest-url', `http://127.0.0.1:${server.httpPort}`];
const cli = (...args) =>
  JSON.parse(
    execFileSync(process.execPath, [`${root}bin/kserve-env.js`, ...args, ...endpoints, '--json'], {
      maxBuffer: 2 ** 28,
    }),
  );

const definition = protoLoader.loadSync(`${root}proto/inference.proto`, { keepCase: true });
const { GRPCInferenceService } = grpc.loadPackageDefinition(definition).inference;
const client = new GRPCInferenceService(`127.0.0.1:${server.grpcPort}`, grpc.credentials.createInsecure());
const agent = new Agent({ keepAlive: true });
const values = [1, -2.5, 3];

const bareGrpc = () =>
  new Promise((resolve, reject) => {
    const inputs = [{ name: 'x', datatype: 'FP64', shape: [3], contents: { fp64_contents: values } }];
    client.ModelInfer({ model_name: 'simple_scaler', inputs }, (error) => (error ? reject(error) : resolve()));
  });
const bareRest = () =>
  exchange(
    'POST',
    '/v2/models/simple_scaler/infer',
    JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP64', shape: [3], data: values }] }),
  );

function exchange(method, path, body) {
  return new Promise((resolve, reject) => {
    const options = { port: server.httpPort, agent, method, path };
    const request = httpRequest(options, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve(Buffer.concat(chunks).toString());
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** Requests that the server has answered, by transport. */
async function counted() {
  const text = await exchange('GET', '/metrics');
  const sum = (transport) =>
    [...text.matchAll(/^kserve_env_requests_total\{([^}]*)\} (\d+)/gm)]
      .filter(([, labels]) => labels.includes(`transport="${transport}"`))
      .reduce((total, [, , count]) => total + Number(count), 0);
  return { grpc: sum('grpc'), rest: sum('rest') };
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

cli('smoke');
const rounds = [];
for (let round = 0; round < Number(flags.rounds); round++) {
  const before = await counted();
  const { data } = cli('smoke');
  const after = await counted();
  const requests = { grpc: after.grpc - before.grpc, rest: after.rest - before.rest };
  const floorMs = await timed(async () => {
    for (let index = 0; index < requests.grpc; index++) await bareGrpc();
    for (let index = 0; index < requests.rest; index++) await bareRest();
  });
  rounds.push({ ms: data.ms, floorMs, requests, cases: data.cases.length, suites: data.suites });
}

const volume = cli(
  'metrics',
  '--series',
  '10000',
  '--duration',
  '5s',
  '--model',
  'simple_scaler',
  '--metric',
  'system.cpu.utilization',
);

const { cases, requests, suites } = rounds[0];
const result = {
  version: JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version,
  cases,
  requests,
  ms: median(rounds.map(({ ms }) => ms)),
  ratio: median(rounds.map(({ ms, floorMs }) => ms / floorMs)),
  suites: suites.map(({ name }, index) => ({ name, ms: median(rounds.map((round) => round.suites[index].ms)) })),
  metrics: volume.data,
};
if (flags.json) console.log(JSON.stringify(result, null, 2));
else {
  console.log(`${cases} cases, ${requests.grpc} gRPC and ${requests.rest} REST requests`);
  console.log(
    `${(result.ms / 1000).toFixed(1)} s, ${result.ratio.toFixed(1)} times as many bare requests one after another`,
  );
  for (const { name, ms } of result.suites) console.log(`  ${name.padEnd(12)} ${Math.round(ms)} ms`);
  console.log(
    'metrics, 10,000 series a scrape:',
    JSON.stringify(volume.data.shares ?? volume.data, null, 1).slice(0, 1500),
  );
}
client.close();
agent.destroy();
await server.stop();
process.exit();
