/** What a running server uses, as it tells itself: quicker than an engine that samples once a second. */
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import type { ResourceUsage } from '../engine/engine.js';
import { nodeTlsOptions } from '../protocol/connection.js';
import type { HttpSenderOptions } from '../protocol/http-exchange.js';

const answerWithinMs = 1_000;
const mostBytes = 4 * 1024 * 1024;

/**
 * Reads `process_resident_memory_bytes` and `process_cpu_seconds_total` of `GET /metrics` (Prometheus text format 0.0.4),
 * which are summed over workers.
 * @param server where its REST endpoint is, and what lets us in
 * @returns undefined where the server does not answer, or has no such figures
 */
export async function usageOfServer(
  server: HttpSenderOptions,
  signal: AbortSignal,
): Promise<ResourceUsage | undefined> {
  const text = await metricsText(server, AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]));
  signal.throwIfAborted();
  const memoryBytes = sampleOf('process_resident_memory_bytes', text);
  const cpuSeconds = sampleOf('process_cpu_seconds_total', text);
  return memoryBytes === undefined || cpuSeconds === undefined ? undefined : { memoryBytes, cpuSeconds };
}

/** The text, or none: that it cannot be had is no error, since the engine can be asked as well. */
async function metricsText({ baseUrl, tls, headers }: HttpSenderOptions, signal: AbortSignal): Promise<string> {
  return await new Promise<string>((resolve) => {
    let text = '';
    const get = baseUrl.startsWith('https:') ? httpsGet : httpGet;
    const options = { signal, agent: false, ...(headers && { headers }), ...nodeTlsOptions(tls) } as const;
    const request = get(`${baseUrl}/metrics`, options, (response) => {
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > mostBytes) request.destroy();
      });
      response.on('end', () => resolve(response.statusCode === 200 ? text : ''));
      response.on('error', () => resolve(''));
    });
    request.on('error', () => resolve(''));
  });
}

function sampleOf(name: string, text: string): number | undefined {
  const value = Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}
