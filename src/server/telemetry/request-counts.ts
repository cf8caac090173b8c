/** Requests counted by transport, method and status; at the level debug each is a log line, too. */
import type { Logger } from './logger.js';

/** Requests of one transport and method that were answered with one status. */
export interface RequestCount {
  transport: 'grpc' | 'rest';
  /** The RPC's name, such as `ModelInfer`; over REST the name of the route's RPC. */
  method: string;
  /** gRPC status name, such as `NOT_FOUND`; over REST the one that stands for the HTTP status. */
  status: string;
  count: number;
  /** Seconds that the requests took in all, from the whole message to the answer. */
  seconds: number;
}

/** What a log line may say of a request beside its status: never its data. */
export interface RequestFields {
  model?: string;
  version?: string;
  requestId?: string;
  httpStatus?: number;
  requestBytes?: number;
  responseBytes?: number;
}

export interface RequestCounts {
  /** True where a line is written for every request: what makes the fields may be left out otherwise. */
  readonly logged: boolean;
  /** Counts a request that began at `begun`, in milliseconds of performance.now(), and ends now. */
  record(transport: 'grpc' | 'rest', method: string, status: string, begun: number, fields?: RequestFields): void;
  list(): RequestCount[];
}

export function createRequestCounts(log: Logger): RequestCounts {
  /** By method, then by status: a key made of both would have to be made for every request. */
  const counts = {
    grpc: new Map<string, Map<string, RequestCount>>(),
    rest: new Map<string, Map<string, RequestCount>>(),
  };
  return {
    logged: log.enabled('debug'),
    record(transport, method, status, begun, fields) {
      const seconds = (performance.now() - begun) / 1000;
      const byStatus = counts[transport].get(method);
      const known = byStatus?.get(status);
      if (known) {
        known.count++;
        known.seconds += seconds;
      } else {
        const first = { transport, method, status, count: 1, seconds };
        if (byStatus) byStatus.set(status, first);
        else counts[transport].set(method, new Map([[status, first]]));
      }
      if (log.enabled('debug')) {
        log.debug('request', { transport, method, status, durationMs: Math.round(seconds * 1e6) / 1000, ...fields });
      }
    },
    list: () =>
      Object.values(counts).flatMap((byMethod) => [...byMethod.values()].flatMap((byStatus) => [...byStatus.values()])),
  };
}
