/** How a server is reached beside its address: TLS, and headers that go with every call. The same for both transports. */
import type { ConnectionOptions } from 'node:tls';

/** Settings of TLS. What is absent is Node's own default: the certificate authorities of the system, no certificate of ours. */
export interface TlsSettings {
  /** Certificates, in PEM, that the server's is checked against. */
  ca?: Buffer;
  /** Our own certificate and its key, in PEM, for a server that asks for one. */
  cert?: Buffer;
  key?: Buffer;
  /** Name that the server's certificate must be for, where that is not the host of the address. */
  serverName?: string;
  /** Take any certificate. */
  insecure?: boolean;
}

/** What a client is made with beside an address. */
export interface ConnectionSettings {
  /** Absent for plain text. */
  tls?: TlsSettings;
  /** Header names in lower case, sent with every call as gRPC metadata or HTTP headers: `authorization: Bearer …`. */
  headers?: Readonly<Record<string, string>>;
}

/** The same as Node's own modules take them. */
export function nodeTlsOptions({ ca, cert, key, serverName, insecure }: TlsSettings = {}): ConnectionOptions {
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(serverName !== undefined && { servername: serverName }),
    ...(insecure && { rejectUnauthorized: false }),
  };
}
