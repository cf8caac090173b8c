/** A way to a daemon over TLS. Beside the others, since few need it and Node takes its time to load it. */
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { TlsFiles } from '../daemon-url.js';
import { EngineUnreachableError } from '../engine.js';
import { errorCode } from '../error-code.js';
import { bracketed, type Transport } from './transport.js';

/**
 * Over TLS 1.2 or newer. An authority in `ca.pem` is the only one believed; without it, the system's are. Our own
 * certificate and key go with it where they are there.
 * @throws EngineUnreachableError when a file is there and cannot be read
 */
export async function tlsTransport(host: string, port: number, { directory, verify }: TlsFiles): Promise<Transport> {
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) =>
      directory === '' ? undefined : readIfThere(join(directory, name)),
    ),
  );
  const trust = {
    rejectUnauthorized: verify,
    minVersion: 'TLSv1.2' as const,
    ...(ca && { ca }),
    ...(cert && key && { cert, key }),
  };
  return {
    endpoint: `tcp://${bracketed(host)}:${port}`,
    request: (options) => request({ ...options, ...trust, host, port, agent: new Agent({ keepAlive: false }) }),
  };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new EngineUnreachableError(`${path} cannot be read: ${code}`, {
      cause,
      hint: `chmod u+r ${path}, or use --engine process`,
      details: { outcome: `needs ${path}, which cannot be read: ${code}` },
    });
  }
}
