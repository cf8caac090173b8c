/**
 * h2load, the load maker of nghttp2, and what it says. It speaks HTTP/2, so gRPC too, and HTTP/1.1, and costs little
 * beside a server of Node. It sees HTTP only: a gRPC error is a 200 to it, so whoever asks must know what the right
 * answers weigh, and compare `bytes`.
 */
import { execFileSync } from 'node:child_process';
import { startChild } from './processes.js';

/** Headers of every unary gRPC call. */
export const grpcHeaders = { 'content-type': 'application/grpc', te: 'trailers' };

/** Throws, with what to do, where h2load is not to be had. */
export function requireH2load() {
  try {
    return execFileSync('h2load', ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    throw new Error('h2load is not there; on Debian and Ubuntu: apt-get install nghttp2-client');
  }
}

/**
 * Sends `requests` times the same request, and reads h2load's account of it.
 *
 * @param {object} load
 * @param {string} load.url `http://host:port`, and the path where `path` is left out
 * @param {string} [load.path]
 * @param {string} [load.bodyFile] file that holds the body; makes it a POST
 * @param {number} [load.requests] how many; leave it out where `seconds` is given
 * @param {number} [load.seconds] go on for so long instead. Answers cut off at the end are in `bytes` in part, so only
 *   a load by `requests` can be checked to the byte.
 * @param {number} [load.clients] connections
 * @param {number} [load.streams] requests that one connection has on the way at a time; with `h1` these are pipelined
 * @param {Record<string, string>} [load.headers]
 * @param {boolean} [load.h1] HTTP/1.1 instead of HTTP/2 with prior knowledge
 * @param {number} [load.timeoutSeconds] when to give up, 120 unless given
 * @returns {Promise<{ requestsPerSecond: number, seconds: number, requests: number, succeeded: number, failed: number,
 *   bytes: number, headerBytes: number, latencyMs: { min: number, mean: number, max: number } }>} `succeeded` counts
 *   status 2xx and 3xx; `bytes` is the bodies of all answers, frames and headers left out
 */
export async function h2load({
  url,
  path = '',
  bodyFile,
  requests,
  seconds,
  clients = 8,
  streams = 32,
  headers = {},
  h1 = false,
  timeoutSeconds = 120,
}) {
  // More connections than requests is an error to h2load.
  const connections = requests === undefined ? clients : Math.min(clients, requests);
  const args = seconds === undefined ? ['-n', String(requests)] : ['-D', `${Math.round(seconds * 1_000)}ms`];
  args.push('-c', String(connections), '-m', String(streams), '-t', '1');
  if (bodyFile) args.push('-d', bodyFile);
  for (const [name, value] of Object.entries(headers)) args.push('-H', `${name}: ${value}`);
  if (h1) args.push('--h1');
  args.push(url + path);
  return parseReport(await outputOf('h2load', args, timeoutSeconds));
}

function outputOf(command, args, timeoutSeconds) {
  return new Promise((resolve, reject) => {
    const child = startChild(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, complaint] = ['', ''];
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      complaint += chunk;
    });
    const late = setTimeout(() => child.kill('SIGKILL'), timeoutSeconds * 1_000);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(late);
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}: ${complaint || output}`));
    });
  });
}

const unitsInMs = { us: 1e-3, ms: 1, s: 1e3 };

/** What h2load prints at its end, as numbers. Throws where a line that is needed is not there. */
export function parseReport(output) {
  const find = (pattern) => {
    const match = pattern.exec(output);
    if (!match) throw new Error(`h2load's report has no ${pattern}:\n${output}`);
    return match.slice(1);
  };
  const [requestsPerSecond] = find(/^finished in .*?, ([\d.]+) req\/s/m).map(Number);
  const [done, succeeded, failed, errored, timedOut] = find(
    /^requests: .*?(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/m,
  ).map(Number);
  const [headerBytes, bytes] = find(/^traffic: .*?\((\d+)\) headers .*?\((\d+)\) data/m).map(Number);
  const latency = find(/^time for request:\s+([\d.]+)(us|ms|s)\s+([\d.]+)(us|ms|s)\s+([\d.]+)(us|ms|s)/m);
  const [min, max, mean] = [0, 2, 4].map((at) => Number(latency[at]) * unitsInMs[latency[at + 1]]);
  return {
    requestsPerSecond,
    // The time that h2load prints has two digits after the point; the rate has more to say.
    seconds: requestsPerSecond > 0 ? succeeded / requestsPerSecond : 0,
    requests: done,
    succeeded,
    // h2load counts an errored request as failed too.
    failed: Math.max(failed, errored, timedOut),
    bytes,
    headerBytes,
    latencyMs: { min, mean, max },
  };
}
