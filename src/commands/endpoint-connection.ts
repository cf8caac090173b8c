/** How the server at an address is spoken to: TLS, headers and the token of the flags, and what is unwise about them. */
import { UsageError } from '../errors.js';
import type { CommandContext } from './context.js';
import { type HeaderOptions, sentHeaders } from './endpoint-headers.js';
import { type TlsOptions, tlsFlagsGiven, tlsSettings } from './endpoint-tls.js';
import { grpcAddressOf, isThisMachine, restAddressOf } from './endpoint-words.js';
import type { ServerAddress } from './find-environment.js';

/** Headers that let somebody in, beside `authorization`. */
const letsIn = new Set(['authorization', 'cookie', 'x-api-key', 'api-key', 'x-auth-token']);

/**
 * The address with all that goes with it.
 * @throws UsageError
 */
export async function connectionTo(
  { grpc, http }: { grpc?: string; http?: string },
  options: TlsOptions & HeaderOptions,
  context: CommandContext,
): Promise<ServerAddress> {
  const grpcAddress = grpc === undefined ? undefined : grpcAddressOf(grpc);
  const restAddress = http === undefined ? undefined : restAddressOf(http);
  if (options.tls && grpcAddress === undefined) {
    throw new UsageError('--tls is for gRPC, and no gRPC endpoint was given', { hint: 'REST has TLS from https://' });
  }
  if (options.tls && grpcAddress?.tls === false) {
    throw new UsageError(`--tls and ${grpc} contradict each other`, {
      hint: `give --endpoint grpcs://${grpcAddress.endpoint}`,
    });
  }
  const grpcTls = options.tls || grpcAddress?.tls === true;
  const needTls = tlsFlagsGiven(options);
  if (needTls.length > 0 && !grpcTls && !restAddress?.tls) {
    throw new UsageError(`${needTls.join(' and ')} ${needTls.length === 1 ? 'means' : 'mean'} nothing without TLS`, {
      hint: grpcAddress ? 'add --tls' : 'give an https URL',
    });
  }
  const tls = await tlsSettings(options, context.cwd);
  const { headers, secrets } = await sentHeaders(options, context);
  const secretNames = Object.keys(headers).filter((name) => letsIn.has(name));
  const openTo = [
    grpcAddress && !grpcTls && { host: grpcAddress.host, remedy: '--tls' },
    restAddress && !restAddress.tls && { host: restAddress.host, remedy: 'https' },
  ].filter((place) => place !== undefined && place !== false);
  return {
    ...(grpcAddress && { grpc: grpcTls ? `grpcs://${grpcAddress.endpoint}` : grpcAddress.endpoint }),
    ...(restAddress && { http: restAddress.baseUrl }),
    ...(Object.keys(tls).length > 0 && { tls }),
    ...(Object.keys(headers).length > 0 && { headers }),
    secrets,
    warnings: [
      ...(options.insecure ? ['--insecure: any certificate is taken, so nobody knows who answers'] : []),
      ...(secretNames.length === 0 ? [] : openTo.filter(({ host }) => !isThisMachine(host))).map(
        ({ host, remedy }) => `The header ${secretNames.join(', ')} goes to ${host} in plain text: use ${remedy}`,
      ),
    ],
  };
}
