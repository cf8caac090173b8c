/** Calls of the engine under faults between it and the daemon: each settles within its limit, with a name for what failed. */
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import type { Engine, Instance } from '../../src/engine/engine.js';
import { KServeEnvError } from '../../src/errors.js';
import { type Behaviour, type DaemonProxy, httpAnswer, startDaemonProxy } from '../fakes/daemon-proxy.js';
import type { Outcome, Torture } from './arena.js';
import type { Random } from './random.js';
import { type Failure, percentile, seconds } from './report.js';

const experiment = 'daemon-faults';
/** A call of the port makes so many requests at most, each with the limit to itself. */
const mostRequests = 6;

/** Calls of the port, by the sort of limit that they have. */
const calls: { name: string; limit: 'call' | 'idle'; run: (engine: Engine, instance: Instance) => Promise<unknown> }[] =
  [
    { name: 'info', limit: 'call', run: (engine) => engine.info() },
    { name: 'inspect', limit: 'call', run: (engine, { name }) => engine.inspect(name) },
    { name: 'list', limit: 'call', run: (engine) => engine.list() },
    { name: 'create', limit: 'call', run: (engine, { name, imageId }) => engine.create(specOf(name, imageId)) },
    { name: 'start', limit: 'call', run: (engine, instance) => engine.start(instance) },
    { name: 'stop', limit: 'call', run: (engine, instance) => engine.stop(instance, 1_000) },
    { name: 'remove', limit: 'call', run: (engine, instance) => engine.remove(instance) },
    { name: 'usage', limit: 'call', run: (engine, instance) => engine.usage(instance) },
    { name: 'portHolder', limit: 'call', run: (engine) => engine.portHolder(1) },
    { name: 'images.find', limit: 'call', run: async (engine) => await engine.images?.find('kserve-env/server:none') },
    { name: 'images.list', limit: 'call', run: async (engine) => await engine.images?.list('dev.kserve-env.content') },
    { name: 'images.remove', limit: 'call', run: async (engine) => await engine.images?.remove('kserve-env/none:1') },
    { name: 'images.load', limit: 'idle', run: async (engine) => await engine.images?.load(nothingMuch()) },
    { name: 'logs', limit: 'idle', run: (engine, instance) => drain(engine.logs(instance, {})) },
  ];

/** A fault for each draw, in words and as the proxy does it. */
function drawFault(random: Random): { words: string; behaviour: Behaviour } {
  const bytes = random.whole(0, 400);
  const page = '<html><body>Bad gateway</body></html>';
  const faults: { words: string; behaviour: Behaviour }[] = [
    { words: 'never answers', behaviour: { kind: 'hang' } },
    { words: 'closes at once', behaviour: { kind: 'close' } },
    { words: `breaks off after ${bytes} bytes`, behaviour: { kind: 'cut', after: bytes } },
    { words: `is silent after ${bytes} bytes`, behaviour: { kind: 'stall', after: bytes } },
    { words: `breaks off ${bytes} bytes into the request`, behaviour: { kind: 'cut-request', after: bytes } },
    { words: 'answers 500 with HTML', behaviour: { kind: 'say', text: httpAnswer(500, page, { type: 'text/html' }) } },
    { words: 'answers 200 with HTML', behaviour: { kind: 'say', text: httpAnswer(200, page, { type: 'text/html' }) } },
    { words: 'answers 200 with half a JSON', behaviour: { kind: 'say', text: httpAnswer(200, '[{"Id":"ab') } },
    { words: 'answers 200 with the wrong JSON', behaviour: { kind: 'say', text: httpAnswer(200, '{"Id":[null]}') } },
    {
      words: 'promises more than it sends',
      behaviour: { kind: 'say', text: httpAnswer(200, '{}', { length: 1_000 }) },
    },
    { words: 'speaks no HTTP', behaviour: { kind: 'say', text: `${'\u0016\u0003\u0001'.repeat(20)}\r\n\r\n` } },
    {
      words: 'sends headers without end',
      behaviour: { kind: 'say', text: `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(200_000)}` },
    },
    { words: 'drips', behaviour: { kind: 'drip', bytes: 7, everyMs: 5 } },
    { words: 'is late', behaviour: { kind: 'delay', ms: random.whole(1, 900) } },
  ];
  return random.pick(faults);
}

export async function daemonFaults(torture: Torture): Promise<Outcome> {
  const trials = torture.short ? 60 : 200;
  // The short form has a tenth of the patience; the full one has the product's own.
  const limits = torture.short ? { callMs: 1_000, idleMs: 3_000 } : { callMs: 10_000, idleMs: 30_000 };
  const failures: Failure[] = [];
  const times: Record<'call' | 'idle', number[]> = { call: [], idle: [] };
  const failed = { call: 0, idle: 0 };
  let slowest = { step: '', milliseconds: 0 };
  const plan = Array.from({ length: trials }, (_, index) => {
    const onlyFrom = torture.random.whole(1, 2);
    return { index, call: torture.random.pick(calls), onlyFrom, ...drawFault(torture.random) };
  });
  await using direct = dockerEngine({ socketPath: torture.daemon.socketPath });
  const image = (await direct.images?.list('dev.kserve-env.content'))?.[0];

  const oneTrial = async ({ index, call, words, behaviour, onlyFrom }: (typeof plan)[number]) => {
    const step = `${call.name}, and the daemon ${words} from its request ${onlyFrom} on`;
    const instance = await direct.create(specOf(`fault-${index}`, image?.id));
    const proxy: DaemonProxy = await startDaemonProxy(torture.daemon.socketPath);
    const engine = dockerEngine({ socketPath: proxy.socketPath, limits });
    proxy.decide = (request) => (request.index >= onlyFrom ? behaviour : undefined);
    const target = call.name === 'create' ? { ...instance, name: `made-${index}` } : instance;
    const bound = (call.limit === 'idle' ? limits.idleMs : limits.callMs) * mostRequests + 1_000;
    const begin = performance.now();
    const settled = call.run(engine, { ...target, ...(image && { imageId: image.id }) }).then(
      () => [],
      (error: unknown) => (error instanceof KServeEnvError ? [] : [`it threw ${String(error)}`]),
    );
    const found = await Promise.race([settled, after(bound, ['it did not settle'])]);
    const milliseconds = performance.now() - begin;
    times[call.limit].push(milliseconds);
    if (call.limit === 'call' && milliseconds > slowest.milliseconds) slowest = { step, milliseconds };
    if (found.length > 0) {
      failures.push({ experiment, step, found });
      failed[call.limit] += 1;
      torture.failed({ experiment, step, found });
    }
    await engine[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    for (const name of [`fault-${index}`, `made-${index}`]) {
      const left = await direct.inspect(name);
      if (left) await direct.remove(left);
    }
  };
  await inLanes(plan, torture.short ? 12 : 16, oneTrial);

  torture.say(`daemon-faults: slowest call: ${slowest.step}, ${seconds(slowest.milliseconds)}`);

  const goals = {
    call: `each settles, ${limits.callMs / 1000} s a request`,
    idle: `each settles, ${limits.idleMs / 1000} s of silence`,
  };
  const rows = (['call', 'idle'] as const).map((limit) => ({
    what: limit === 'call' ? 'calls of the engine under faults' : 'uploads and streams under faults',
    trials: times[limit].length,
    figures: {
      failed: failed[limit],
      p50: seconds(percentile(times[limit], 50)),
      slowest: seconds(Math.max(...times[limit])),
    },
    goal: goals[limit],
    ok: failed[limit] === 0,
  }));
  return { rows, failures };
}

function specOf(name: string, imageId: string | undefined) {
  return {
    name,
    ...(imageId !== undefined && { imageId }),
    env: {},
    labels: {},
    ports: { grpc: 'auto', http: 'auto' },
    resources: { memoryMiB: 128, cpus: 1 },
  } as const;
}

/** So many at a time: what waits for a silent daemon needs no processor. */
async function inLanes<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function after<T>(milliseconds: number, value: T): Promise<T> {
  return await new Promise((resolve) => {
    setTimeout(() => resolve(value), milliseconds).unref();
  });
}

async function drain(lines: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of lines);
}

async function* nothingMuch(): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < 20; i += 1) yield new Uint8Array(512);
}
