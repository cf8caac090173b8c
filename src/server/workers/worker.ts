/** One of several processes that answer: a whole server, whose orders come from the primary. */
import type { ServerConfig } from '../../models/server-config.js';
import { type RunningServer, startServer } from '../start-server.js';
import { isWritten, type Logger, type LogLevel } from '../telemetry/logger.js';
import { logUncaught } from '../telemetry/uncaught.js';
import { type Channel, createChannel } from './channel.js';
import type { PrimaryMethods, WorkerMethods } from './messages.js';
import { createWorkerPart, type Worker } from './worker-part.js';

/** Serves as the primary says, until the primary ends this process, or ends itself. */
export function runWorker(): void {
  // Ctrl-C in a terminal reaches every process of the group, and the primary decides when its workers end.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {});
  // Where the primary is gone, so is the channel to it. node:cluster would end the process in good order, which resets open
  // calls with INTERNAL; what is cut off is UNAVAILABLE to its client, as it is when the primary is quicker to kill.
  process.prependListener('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});

  let worker: Worker | undefined;
  let server: Promise<RunningServer> | undefined;
  const started = (): Worker => {
    if (!worker) throw new Error('an order came before the start');
    return worker;
  };
  const methods: WorkerMethods = {
    async start({ config, faults: orders, replay }) {
      const log = logTo(channel, config);
      worker = createWorkerPart(channel, replay);
      const faults = { link: worker.faults, orders };
      server = startServer(config, { log, control: worker.control, loads: worker.loads, faults });
      await server;
      // Only from here on: an exception while starting must end the process.
      logUncaught('unhandledRejection', log);
      logUncaught('uncaughtException', log);
    },
    operate: async (task) => await started().methods.operate(task),
    counts: async () => await started().methods.counts(null),
    ready: async () => (await (await server)?.isReady()) === true,
    close: async ({ graceMs }) => await (await server)?.close(graceMs),
  };
  const channel: Channel<PrimaryMethods> = createChannel<PrimaryMethods, WorkerMethods>(
    (message) => process.send?.(message, undefined, undefined, () => {}),
    methods,
  );
  process.on('message', (message) => channel.receive(message));
}

/** A log whose lines the primary writes, with this worker's number. */
function logTo(primary: Channel<PrimaryMethods>, { logLevel }: ServerConfig): Logger {
  const enabled = (level: LogLevel): boolean => isWritten(level, logLevel);
  const at =
    (level: LogLevel): Logger['info'] =>
    (message, fields) => {
      if (enabled(level)) primary.ask('log', { level, message, ...(fields && { fields }) }).catch(() => {});
    };
  return { enabled, error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), announce: at('info') };
}
