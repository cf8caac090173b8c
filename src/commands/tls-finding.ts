/** Finds out what is wrong about TLS, by a handshake of its own: what the transports say of it differs, and is little. */
import { isIP } from 'node:net';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { nodeTlsOptions, type TlsSettings } from '../protocol/connection.js';

/** What is wrong, and the flag that helps. */
export interface TlsFinding {
  message: string;
  hint: string;
}

/** The server that was spoken to in vain, and how. */
export interface TlsSuspect {
  transport: 'grpc' | 'rest';
  host: string;
  port: number;
  /** Absent where it was spoken to in plain text. */
  tls?: TlsSettings;
  signal?: AbortSignal;
}

/** How a handshake went. */
interface Handshake {
  /** Whether it came to its end, with whatever certificate. */
  done: boolean;
  /** Code of Node or OpenSSL for what the certificate lacks; undefined where it is good. */
  certificateFault?: string;
  certificate?: PeerCertificate;
  /** Code of what ended the connection. */
  error?: string;
  /** The server has ended it, and said nothing. */
  ended?: boolean;
  /** What was agreed on to be spoken. */
  protocol?: string;
}

/** Milliseconds for the handshake, and for what a server may say just after it. */
const patienceMs = 2_000;

/** @returns undefined where TLS has nothing to do with it */
export async function findTlsTrouble(suspect: TlsSuspect): Promise<TlsFinding | undefined> {
  const { transport, tls } = suspect;
  const place = placeOf(suspect);
  const { done, error = '', ended = false, certificateFault, certificate, protocol } = await shakeHands(suspect);
  if (tls === undefined) {
    if (!done && !/ALERT/.test(error)) return undefined;
    const hint = transport === 'grpc' ? `--tls, or --endpoint grpcs://${place}` : `--rest-url https://${place}`;
    return { message: `The server at ${place} speaks TLS, and was spoken to in plain text`, hint };
  }
  if (!done) {
    if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL|HTTP_REQUEST|RECORD_LAYER/.test(error)) {
      const hint = transport === 'grpc' ? `--endpoint grpc://${place}` : `--rest-url http://${place}`;
      return { message: `The server at ${place} speaks plain text, and was spoken to in TLS`, hint };
    }
  }
  if (certificateFault !== undefined && !tls.insecure) return faultOf(certificateFault, certificate, suspect);
  if (ended || /ALERT|ECONNRESET/.test(error)) return refusedOf(error, suspect);
  if (done && transport === 'grpc' && protocol !== 'h2') {
    return {
      message: `The server at ${place} speaks TLS, but not HTTP/2 in it, as gRPC needs`,
      hint: `is it a REST server? then --rest-url https://${place}`,
    };
  }
  return undefined;
}

/** Where the certificate is what is wrong. */
function faultOf(code: string, certificate: PeerCertificate | undefined, suspect: TlsSuspect): TlsFinding {
  const { tls = {}, host } = suspect;
  const whose = `The certificate of ${placeOf(suspect)}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = certificate?.subjectaltname?.replace(/DNS:|IP Address:/g, '') ?? `CN=${certificate?.subject?.CN}`;
    const first = names.split(', ').find((name) => isIP(name) === 0 && !name.startsWith('CN='));
    return {
      message: `${whose} is for ${names}, not for ${tls.serverName ?? host}`,
      hint: first === undefined ? 'use the address that it is for' : `--server-name ${first.replace(/^\*\./, 'any.')}`,
    };
  }
  if (code === 'CERT_HAS_EXPIRED') {
    return {
      message: `${whose}, or of its authority, has expired${certificate ? `; it was valid to ${certificate.valid_to}` : ''}`,
      hint: 'the server needs a new one; --insecure takes any, and proves nothing',
    };
  }
  if (code === 'CERT_NOT_YET_VALID') {
    return {
      message: `${whose} is not valid yet${certificate ? `: from ${certificate.valid_from} on` : ''}`,
      hint: 'look at the clock of this machine',
    };
  }
  const issuer = certificate?.issuer?.CN ?? certificate?.issuer?.O;
  const by = issuer === undefined ? '' : `, signed by ${JSON.stringify(issuer)},`;
  return {
    message: `${whose}${by} is not trusted: ${tls.ca ? 'none of --cacert has signed it' : 'no authority that is known here has signed it'} (${code})`,
    hint: `--cacert FILE with the certificate of its authority${tls.ca ? '' : ', or --insecure'}`,
  };
}

/** Where the server is who ends it. */
function refusedOf(error: string, { tls = {}, ...suspect }: TlsSuspect): TlsFinding | undefined {
  const place = placeOf(suspect);
  const word = /ALERT_(\w+)$/.exec(error)?.[1]?.toLowerCase().replaceAll('_', ' ');
  if (tls.cert !== undefined) {
    return {
      message: `The server at ${place} ended TLS${word === undefined ? '' : `: ${word}`}; it may not take the certificate of --cert`,
      hint: 'give --cert and --key that an authority which it knows has signed',
    };
  }
  const asks = word === undefined || /certificate|handshake failure/.test(word);
  return {
    message: `The server at ${place} ended TLS${word === undefined ? '' : `: ${word}`}${asks ? '; it may want a certificate of yours' : ''}`,
    hint: asks ? '--cert FILE and --key FILE' : 'look at what versions of TLS it takes',
  };
}

function placeOf({ host, port }: TlsSuspect): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function shakeHands({ host, port, tls, transport, signal }: TlsSuspect): Promise<Handshake> {
  const serverName = tls?.serverName ?? (isIP(host) === 0 ? host : undefined);
  return new Promise((resolve) => {
    const socket: TLSSocket = connect({
      host,
      port,
      ALPNProtocols: transport === 'grpc' ? ['h2'] : ['http/1.1'],
      ...nodeTlsOptions({ ...tls, ...(serverName !== undefined && { serverName }) }),
      rejectUnauthorized: false,
    });
    const found: Handshake = { done: false };
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      socket.destroy();
      resolve(found);
    };
    const timer = setTimeout(end, patienceMs);
    signal?.addEventListener('abort', end, { once: true });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      found.error = error.code ?? error.message;
      end();
    });
    socket.on('end', () => {
      found.ended = true;
      end();
    });
    socket.on('close', end);
    // Whoever sends something takes us.
    socket.on('data', end);
    socket.on('secureConnect', () => {
      found.done = true;
      if (socket.alpnProtocol) found.protocol = socket.alpnProtocol;
      // An own certificate is looked at by the server after that (RFC 8446, section 4.4.2); else all is known.
      if (!socket.authorized) {
        found.certificateFault = String(socket.authorizationError);
        found.certificate = socket.getPeerCertificate();
      }
      if (!socket.authorized || tls === undefined) end();
    });
  });
}
