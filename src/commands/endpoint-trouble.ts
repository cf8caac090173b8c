/** Errors of a connection in words that help: what is wrong about TLS is found out, and no secret is in any of them. */
import type { CallOptions, InferenceClient } from '../protocol/client.js';
import type { GrpcChannelOptions } from '../protocol/grpc-channel.js';
import type { HttpSenderOptions } from '../protocol/http-exchange.js';
import { OipError, statusTable } from '../protocol/status.js';
import { grpcAddressOf, restAddressOf } from './endpoint-words.js';
import type { TlsFinding } from './tls-finding.js';

/** TLS does not come about, and no waiting will change that. */
export class TlsTrouble extends OipError {
  /** The flag that helps. */
  readonly hint: string;

  constructor({ message, hint }: TlsFinding, cause: unknown) {
    const { grpc, http } = statusTable.UNREACHABLE;
    super(grpc, http, message, { cause });
    this.hint = hint;
  }
}

/** Nobody listens, or nobody is there: that has nothing to do with TLS. */
const unreached = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|was cancelled/;

/** The same client, whose errors name what is wrong about TLS, and show none of the secrets. */
export function withOurWords(
  client: InferenceClient,
  options: GrpcChannelOptions | HttpSenderOptions,
  secrets: readonly string[] = [],
): InferenceClient {
  const guarded = async <T>(call: Promise<T>, { signal }: CallOptions = {}): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      throw await inOurWords(error, options, secrets, signal);
    }
  };
  return {
    transport: client.transport,
    endpoint: client.endpoint,
    serverLive: (call) => guarded(client.serverLive(call), call),
    serverReady: (call) => guarded(client.serverReady(call), call),
    modelReady: (name, version, call) => guarded(client.modelReady(name, version, call), call),
    serverMetadata: (call) => guarded(client.serverMetadata(call), call),
    modelMetadata: (name, version, call) => guarded(client.modelMetadata(name, version, call), call),
    repositoryIndex: (call) => guarded(client.repositoryIndex(call), call),
    infer: (request, call) => guarded(client.infer(request, call), call),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** The error of a call over a connection of these options, as withOurWords has its clients throw it. */
export async function inOurWords(
  error: unknown,
  options: GrpcChannelOptions | HttpSenderOptions,
  secrets: readonly string[] = [],
  signal?: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof OipError)) return error;
  if (error.status === 'UNAVAILABLE' && !unreached.test(error.message) && !signal?.aborted) {
    const finding = await findTrouble(options, signal);
    if (finding) return new TlsTrouble(finding, error);
  }
  return withoutSecrets(error, secrets);
}

async function findTrouble(
  options: GrpcChannelOptions | HttpSenderOptions,
  signal: AbortSignal | undefined,
): Promise<TlsFinding | undefined> {
  const { findTlsTrouble } = await import('./tls-finding.js');
  const { tls } = options;
  if ('endpoint' in options) {
    const { host, port } = grpcAddressOf(options.endpoint);
    return await findTlsTrouble({ transport: 'grpc', host, port, ...(tls && { tls }), ...(signal && { signal }) });
  }
  const { host, port, tls: secure } = restAddressOf(options.baseUrl);
  const settings = secure ? { tls: tls ?? {} } : {};
  return await findTlsTrouble({ transport: 'rest', host, port, ...settings, ...(signal && { signal }) });
}

/** A server may say what it was sent. */
function withoutSecrets(error: OipError, secrets: readonly string[]): OipError {
  const shown = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), error.message);
  // The cause would have it still.
  return shown === error.message ? error : new OipError(error.status, error.httpStatus, shown);
}
