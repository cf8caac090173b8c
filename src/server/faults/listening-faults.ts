/** A port that is listened on, but for the time in which a fault has it refuse connections. */

import cluster from 'node:cluster';
import { type AddressInfo, createServer, type Server, type ServerOpts, type Socket } from 'node:net';
import type { Logger } from '../telemetry/logger.js';
import type { FaultSite } from './fault-site.js';

/** Milliseconds after which a port that somebody else has is tried again. */
const retryMs = 200;

export interface KeptPortOptions {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  transport: 'grpc' | 'rest';
  sockets: ServerOpts;
  faults: Pick<FaultSite, 'standing' | 'onChange'>;
  log: Logger;
  onSocket: (socket: Socket) => void;
  /** Ends the connections that are open. */
  onCut: () => void;
}

export interface KeptPort {
  readonly port: number;
  /** Listens no more. */
  close(): void;
}

/** Listens. Rejects with the system's error where the port cannot be had. */
export async function keepPort(options: KeptPortOptions): Promise<KeptPort> {
  const { transport, faults, log, onCut } = options;
  let server: Server | undefined;
  let closed = false;
  let warned = false;
  let timer: NodeJS.Timeout | undefined;
  /** One change at a time. */
  let last: Promise<void> = Promise.resolve();

  const refused = () => faults.standing('refuse', transport);
  const stop = (): void => {
    server?.close();
    server = undefined;
  };
  const update = async (): Promise<void> => {
    clearTimeout(timer);
    if (closed) return;
    const refusal = refused();
    if (refusal) {
      stop();
      if (refusal.cut) onCut();
      timer = setTimeout(inTurn, staysMs);
    } else if (!server) await listenAgain();
  };
  const listenAgain = async (): Promise<void> => {
    try {
      server = await listen({ ...options, port });
      if (closed) stop();
      warned = false;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!warned) log.warn('port not listened on: it is tried again until it can be had', { transport, port, reason });
      warned = true;
      timer = setTimeout(inTurn, retryMs);
    }
  };
  const inTurn = (): Promise<void> => {
    last = last.then(update);
    return last;
  };

  let { port } = options;
  // One of several workers knows its port, which the primary has tried; the others may be refusing at this moment.
  if (!(cluster.isWorker && refused())) {
    server = await listen(options);
    port = (server.address() as AddressInfo).port;
  }
  faults.onChange(inTurn);
  await inTurn();
  return {
    port,
    close() {
      closed = true;
      clearTimeout(timer);
      stop();
    },
  };
}

/** Milliseconds between two moments of nothing, by which a process that does not listen stays alive. */
const staysMs = 60_000;

function listen({ host, port, sockets, log, onSocket }: KeptPortOptions): Promise<Server> {
  const server = createServer(sockets, onSocket);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      // A connection that cannot be accepted, for want of file descriptors, concerns no other one.
      server.on('error', (error) => log.warn('connection not accepted', { error: error.message }));
      resolve(server);
    });
  });
}
