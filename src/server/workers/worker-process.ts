/** One worker as the primary has it: a process, and a channel to it. */
import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { serverConfigVariable } from '../../models/server-config.js';
import { type Channel, createChannel } from './channel.js';
import { type PrimaryMethods, type WorkerMethods, workerVariable } from './messages.js';

/** Name of the variable by which the process engine finds its server; a worker must not be taken for it. */
const instanceIdVariable = 'KSERVE_ENV_INSTANCE_ID';

/** How a worker ended. */
export interface WorkerExit {
  code: number | null;
  signal: string | null;
  /** Why it could not even be started, as the system says it. */
  error?: string;
}

export interface WorkerProcess {
  readonly number: number;
  readonly pid: number | undefined;
  ask: Channel<WorkerMethods>['ask'];
  /** Settles when the process is gone. */
  readonly exited: Promise<WorkerExit>;
  /** Lets it end by itself, at once: a worker without a primary does. */
  disconnect(): void;
  kill(): void;
}

export interface ForkOptions {
  /** The server's file. */
  bundle: string;
  number: number;
  oldSpaceMiB: number;
  methods: PrimaryMethods;
}

/** Starts a process that waits for its first order, and shares its ports with all that are started so. */
export function forkWorker({ bundle, number, oldSpaceMiB, methods }: ForkOptions): WorkerProcess {
  cluster.setupPrimary({
    exec: bundle,
    args: [],
    // Only this: what this process was started with may be another program's.
    execArgv: [`--max-old-space-size=${oldSpaceMiB}`],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    windowsHide: true,
  });
  const worker = cluster.fork({
    [workerVariable]: String(number),
    // It comes as a message: an environment has room for 128 kB only, and may be read by others.
    [serverConfigVariable]: undefined,
    [instanceIdVariable]: undefined,
  });
  const channel = createChannel<WorkerMethods, PrimaryMethods>(
    (message) => void worker.process.send(message, undefined, undefined, () => {}),
    methods,
  );
  worker.on('message', (message) => channel.receive(message));
  const exited = new Promise<WorkerExit>((resolve) => {
    worker.once('exit', (code, signal) => resolve({ code, signal }));
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) resolve({ code: null, signal: null, error: error.message });
    });
  });
  const dropLost = watchHandOver(worker.process);
  void exited.then(() => {
    channel.end();
    dropLost();
  });
  return {
    number,
    pid: worker.process.pid,
    ask: channel.ask,
    exited,
    disconnect() {
      if (worker.process.connected) worker.process.disconnect();
    },
    kill: () => void worker.process.kill('SIGKILL'),
  };
}

/** What node:cluster sends to hand a connection over, and what comes back. Neither is documented. */
interface HandOver {
  cmd?: string;
  seq?: number;
  ack?: number;
}

interface Handle {
  close(): void;
}

/**
 * A connection that is on its way to a worker when that dies is forgotten by node:cluster, but open: its client would
 * wait until it gives up. This keeps account of them; what it returns closes those that did not arrive. Should a later
 * Node do all this otherwise, it sees nothing and closes nothing.
 */
function watchHandOver(child: ChildProcess): () => void {
  const underWay = new Map<number, Handle>();
  const send = child.send as (...args: unknown[]) => boolean;
  child.send = ((...args: unknown[]) => {
    const [message, handle] = args as [HandOver, Handle | undefined];
    if (handle && message.cmd === 'NODE_CLUSTER' && message.seq !== undefined) underWay.set(message.seq, handle);
    return send.apply(child, args);
  }) as ChildProcess['send'];
  child.on('internalMessage', ({ ack }: HandOver) => {
    if (ack !== undefined) underWay.delete(ack);
  });
  return () => {
    for (const handle of underWay.values()) handle.close();
    underWay.clear();
  };
}
