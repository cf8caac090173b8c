/** The process that answers nothing itself: it starts workers, replaces those that end, and ends them. */
import { setTimeout as delay } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import type { ServerConfig } from '../../models/server-config.js';
import { createFaultKeeper, type FaultKeeper, type FaultOrders, faultsTopic } from '../faults/fault-keeper.js';
import { hasWrongCertificates, modelNamesOf } from '../faults/keeper-facts.js';
import type { RunningServer } from '../start-server.js';
import type { Logger } from '../telemetry/logger.js';
import { defaultGraceMs, flushMs } from '../waits.js';
import { late, within } from '../within.js';
import { ChannelClosedError } from './channel.js';
import { type Coordinator, createCoordinator, type Peer } from './coordinator.js';
import type { Order, PrimaryMethods } from './messages.js';
import { type ChosenPorts, choosePorts } from './ports.js';
import { oldSpaceShareMiB } from './worker-count.js';
import { forkWorker, type WorkerExit, type WorkerProcess } from './worker-process.js';

/** Times that workers may fail to start, one after the other, before the server gives up. */
const mostFailedStarts = 5;
/** Milliseconds after the first of them; after each further one as many more. */
const restartDelayMs = 200;
/** Milliseconds that a worker has to end beyond what its server needs, before it is killed. */
const hangMs = 1_000;
/** Milliseconds that the start waits for models: they load while both ports answer. */
const quickLoadsMs = 200;
/** Milliseconds that a worker has to say whether it is ready. */
const readyTimeoutMs = 2_000;
/** Times that ports are chosen anew, where somebody took one that the system had just given. */
const mostChoices = 3;

export interface WorkersOptions {
  /** The server's file, which every worker runs. */
  bundle: string;
  /** 2 or more. */
  workers: number;
  log: Logger;
  /** Called where workers end again and again as they start; the server is closed by then. */
  onFailure?: (error: Error) => void;
}

/**
 * Starts the workers, and returns when all of them listen. From outside it is the server of one process.
 * Throws what that throws, and an Error where a worker ends before it listens.
 */
export async function startWorkers(config: ServerConfig, options: WorkersOptions): Promise<RunningServer> {
  for (let choice = 1; ; choice++) {
    const ports = await choosePorts(config);
    try {
      return await startOn(ports, config, options);
    } catch (error) {
      const chosenByUs = config.grpcPort === 0 || config.httpPort === 0;
      const lost = error instanceof Error && error.name === 'ListenError';
      if (!lost || !chosenByUs || choice === mostChoices) throw error;
    }
  }
}

interface Member {
  process: WorkerProcess;
  peer: Peer;
  /** Set once it listens. */
  joined: boolean;
  dismissed?: string;
}

async function startOn(ports: ChosenPorts, config: ServerConfig, options: WorkersOptions): Promise<RunningServer> {
  const { workers, log } = options;
  const coordinator = createCoordinator({ log });
  const oldSpaceMiB = oldSpaceShareMiB(getHeapStatistics().heap_size_limit, workers);
  const crew = new Set<Member>();
  const ending = new AbortController();
  let closing: Promise<void> | undefined;
  let failedStarts = 0;
  let launched = false;
  /** What a worker is told as it starts: it must not listen without. */
  let faultOrders: FaultOrders = { faults: [] };
  const faults = createFaultKeeper({
    models: modelNamesOf(config),
    log,
    hasWrongCertificates: hasWrongCertificates(config),
    async publish(orders) {
      faultOrders = orders;
      // From the launch on: what changes while workers start comes to them once all of them listen.
      if (launched) await coordinator.operate({ kind: 'broadcast', topic: faultsTopic, data: orders });
    },
  });
  await faults.add(config.faults);

  // However this process ends: a worker that is too busy to notice must not stay.
  const killAll = (): void => {
    for (const { process: one } of crew) one.kill();
  };
  process.on('exit', killAll);

  const launch = (number: number): Member => {
    const member = createMember(number, coordinator, faults, { bundle: options.bundle, oldSpaceMiB, log });
    crew.add(member);
    void member.process.exited.then((exit) => {
      crew.delete(member);
      coordinator.leave(member.peer);
      if (!member.joined || closing) return;
      log.error('worker ended', { worker: number, ...factsOf(member, exit) });
      void replace(number);
    });
    return member;
  };

  /** Settles when it listens. */
  const start = async (member: Member, replay?: Order[]): Promise<void> => {
    try {
      const own = { ...config, ...ports, workers };
      await member.process.ask('start', { config: own, faults: faultOrders, ...(replay && { replay }) });
      member.joined = true;
    } catch (error) {
      member.process.kill();
      const exit = await member.process.exited;
      if (!(error instanceof ChannelClosedError)) throw error;
      const { code, signal, reason } = factsOf(member, exit);
      const why = reason ?? (signal ? `killed by ${signal}` : `exit code ${code}`);
      throw new Error(`Worker ${member.process.number} ended before it listened: ${why}`, { cause: error });
    }
  };

  const replace = async (number: number): Promise<void> => {
    while (!closing) {
      try {
        const member = launch(number);
        await start(member, coordinator.joinLater(member.peer));
        failedStarts = 0;
        log.info('worker replaced', { worker: number, pid: member.process.pid });
        return;
      } catch (error) {
        if (closing) return;
        const message = error instanceof Error ? error.message : String(error);
        log.error('worker failed to start', { worker: number, error: message });
        if (++failedStarts >= mostFailedStarts) {
          const times = `Workers failed to start ${failedStarts} times, one after the other`;
          void close(0).then(() => options.onFailure?.(new Error(`${times}: ${message}`, { cause: error })));
          return;
        }
        await delay(failedStarts * restartDelayMs, undefined, { signal: ending.signal }).catch(() => {});
      }
    }
  };

  const stop = async (graceMs: number): Promise<void> => {
    faults.close();
    ending.abort();
    await Promise.all([...crew].map((member) => end(member, graceMs)));
    process.off('exit', killAll);
  };
  const close = (graceMs = defaultGraceMs): Promise<void> => {
    closing ??= stop(graceMs);
    return closing;
  };

  launched = true;
  const first = Array.from({ length: workers }, (_, index) => launch(index + 1));
  for (const { peer } of first) coordinator.join(peer);
  try {
    await Promise.all(first.map((member) => start(member)));
  } catch (error) {
    await close(0);
    throw error;
  }
  coordinator.started();
  // As in one process, where a model that is made in no time is READY before the first request comes.
  await Promise.race([coordinator.firstLoads, delay(quickLoadsMs, undefined, { ref: false })]);
  /** A worker that does not say so, since it is frozen or has just ended, is not ready. */
  const isReady = async (): Promise<boolean> => {
    const asked = [...crew].map(({ process: one }) => one.ask('ready', null).catch(() => false));
    const answers = await within(readyTimeoutMs, Promise.all(asked));
    return answers !== late && answers.length === workers && answers.every(Boolean);
  };
  return { ...ports, faults, isReady, close, [Symbol.asyncDispose]: () => close() };
}

/** Starts a worker's process, which waits for its orders. */
function createMember(
  number: number,
  coordinator: Coordinator,
  faults: FaultKeeper,
  { bundle, oldSpaceMiB, log }: { bundle: string; oldSpaceMiB: number; log: Logger },
): Member {
  const peer: Peer = {
    number,
    ask: (method, data) => forked.ask(method, data),
    dismiss(reason) {
      member.dismissed = reason;
      forked.kill();
    },
  };
  const methods: PrimaryMethods = {
    ...coordinator.methodsFor(peer),
    faultTicket: async (id) => faults.ticket(id),
    faultStruck: async ({ id, call }) => faults.struck(id, call),
    faultHappen: async (fault) => faults.happen(fault),
    log: async ({ level, message, fields }) => log[level](message, { ...fields, worker: number }),
  };
  const forked = forkWorker({ bundle, number, oldSpaceMiB, methods });
  const member: Member = { process: forked, peer, joined: false };
  return member;
}

function factsOf({ process: { pid }, dismissed }: Member, { code, signal, error }: WorkerExit) {
  const reason = dismissed ?? error;
  return { pid, code: code ?? undefined, signal: signal ?? undefined, reason };
}

/** Lets a worker finish what runs, and ends it; one that does not end in time is killed. */
async function end({ process: worker, joined }: Member, graceMs: number): Promise<void> {
  const kill = setTimeout(() => worker.kill(), graceMs + 2 * flushMs + hangMs);
  // One that does not listen yet has nothing to finish.
  if (joined) await worker.ask('close', { graceMs }).catch(() => {});
  else worker.kill();
  worker.disconnect();
  await worker.exited;
  clearTimeout(kill);
}
