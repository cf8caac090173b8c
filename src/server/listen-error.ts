/** The error of a port that cannot be had. */

/** A port could not be listened on. */
export class ListenError extends Error {
  readonly port: number;

  constructor(transport: 'gRPC' | 'REST', host: string, port: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Cannot listen for ${transport} on ${host}:${port}: ${reason}`, { cause });
    this.name = 'ListenError';
    this.port = port;
  }
}
