/** How tests of engines look at a server, a log, a port and an error. */
import { createServer } from 'node:net';
import { expect } from 'vitest';
import type { Engine, Instance, LogLine, LogOptions } from '../../src/engine/engine.js';
import { containerControlSocket } from '../../src/models/server-config.js';

/** Variables of a server with these models. */
export function configured(models: unknown): Record<string, string> {
  return { KSERVE_ENV_SERVER_CONFIG: JSON.stringify({ version: '0.0.0-test', models }) };
}

/** Variables of a server without models that can be asked by its control socket. */
export function controlled(): Record<string, string> {
  const config = { version: '0.0.0-test', models: [], controlSocket: containerControlSocket };
  return { KSERVE_ENV_SERVER_CONFIG: JSON.stringify(config) };
}

/** All lines of a log that ends. */
export async function linesOf(engine: Engine, instance: Instance, options: LogOptions = {}): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of engine.logs(instance, options)) lines.push(line);
  return lines;
}

/** Asks for liveness until there is an answer; a port that accepts is none. */
export async function untilLive(instance: Instance): Promise<void> {
  const url = `http://127.0.0.1:${instance.endpoints?.httpPort}/v2/health/live`;
  const status = () => fetch(url, { signal: AbortSignal.timeout(1_000) }).then((answer) => answer.status, String);
  await expect.poll(status, { timeout: 15_000, interval: 20 }).toBe(200);
}

/** Whether it answers within so many milliseconds. */
export async function isLive(instance: Instance, withinMs: number): Promise<boolean> {
  const url = `http://127.0.0.1:${instance.endpoints?.httpPort}/v2/health/live`;
  return await fetch(url, { signal: AbortSignal.timeout(withinMs) }).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    (value) => expect.fail(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}

/** A listener that keeps a port of 127.0.0.1, any unless told. */
export async function listenSomewhere(port = 0): Promise<AsyncDisposable & { port: number }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return {
    port: address.port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** Two ports of 127.0.0.1 that were free a moment ago. */
export async function twoFreePorts(): Promise<[number, number]> {
  await using one = await listenSomewhere();
  await using other = await listenSomewhere();
  return [one.port, other.port];
}
