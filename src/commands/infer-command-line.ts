/** `infer --curl` and `infer --grpcurl`: the call that infer would send, as a command line of these tools. */
import { UsageError } from '../errors.js';
import { completeCall, defaultTimeoutMs } from '../protocol/infer-call.js';
import { OipError } from '../protocol/status.js';
import { type CallPlace, variablesToSet } from './call-as-shell.js';
import { connectClients } from './clients.js';
import type { CommandContext, CommandResult } from './context.js';
import { serverAddress } from './find-environment.js';
import type { InferOptions } from './infer.js';
import { inferRequest } from './infer-request.js';
import { ServerRefusedError } from './server-refusal.js';

/** Options of `infer --curl` and `infer --grpcurl`. */
export interface InferCommandLineOptions extends Omit<InferOptions, 'rest' | 'rawJson'> {
  /** curl speaks REST, grpcurl gRPC. */
  tool: 'curl' | 'grpcurl';
}

/** A call as a command line. */
export interface InferCommandLineReport {
  tool: 'curl' | 'grpcurl';
  /** For a POSIX shell. No secret is in it: it reads them from variables. */
  command: string;
}

/**
 * Asks the server for the model's inputs, as `infer` does, and sends no inference.
 * @throws NotRunningError, UsageError, ServerRefusedError as `infer` does
 */
export async function inferCommandLine(
  options: InferCommandLineOptions,
  context: CommandContext,
): Promise<CommandResult<InferCommandLineReport>> {
  const { tool, timeoutMs } = options;
  const address = await serverAddress(options, context);
  await using clients = await connectClients(address);
  const client = clients.byTransport[tool === 'curl' ? 'rest' : 'grpc'];
  if (client === undefined) {
    throw tool === 'curl'
      ? new UsageError('--curl needs a REST endpoint', { hint: 'give one with --rest-url' })
      : new UsageError('--grpcurl needs a gRPC endpoint', { hint: 'give one with --endpoint' });
  }
  const call = { signal: context.signal, ...(timeoutMs !== undefined && { timeoutMs }) };
  try {
    const request = completeCall(await inferRequest(options, client, context, call));
    const { env } = context;
    // A limit that nobody asked for is not worth its words.
    const limit = timeoutMs === undefined || timeoutMs === defaultTimeoutMs ? {} : { timeoutMs };
    const place: CallPlace = { address, options: { ...options, ...address.spoken }, env, ...limit };
    const command = await (tool === 'curl'
      ? import('./call-as-curl.js').then(({ curlCommand }) => curlCommand(request, place))
      : import('./call-as-grpcurl.js').then(({ grpcurlCommand }) => grpcurlCommand(request, place)));
    const warnings = [...(address.warnings ?? []), ...variablesToSet(address, env)];
    return { data: { tool, command }, warnings };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof OipError)) throw error;
    if (error.status === 'OUT_OF_RANGE')
      throw new UsageError(error.message, { hint: 'send bytes, with --raw', cause: error });
    throw new ServerRefusedError(error, client.endpoint);
  }
}
