/** `env`: the endpoints as environment variables, for a shell, a dotenv file or a CI job. */
import { type ClientAccess, clientAccess, isSecretFile } from '../environment/access.js';
import { accessOfLabels, endpointAddresses } from '../environment/spec.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import { type EnvFormat, formatVariables } from './env-format.js';
import { lookUp, runningInstance } from './find-environment.js';

/** All that are ever set, so that all can be taken away. Names without the KSERVE_ENV_ prefix: those configure kserve-env itself, these are for clients. */
const variableNames = [
  'KSERVE_NAME',
  'KSERVE_GRPC_ENDPOINT',
  'KSERVE_HTTP_URL',
  'KSERVE_CA_FILE',
  'KSERVE_SERVER_NAME',
  'KSERVE_CLIENT_CERT_FILE',
  'KSERVE_CLIENT_KEY_FILE',
  'KSERVE_TOKEN_FILE',
  'SSL_CERT_FILE',
  'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
  'NODE_EXTRA_CA_CERTS',
] as const;

type VariableName = (typeof variableNames)[number];

/** Options of `env`. */
export interface EnvOptions extends CommonOptions {
  format?: EnvFormat;
  /** Write what takes the variables away again; needs no running environment. */
  unset?: boolean;
}

/** The variables, and the text that sets them. */
export interface EnvReport {
  format: EnvFormat;
  variables: Record<string, string | null>;
  /** What to evaluate, source or append. */
  script: string;
}

/** @throws NotRunningError */
export async function env(options: EnvOptions, context: CommandContext): Promise<CommandResult<EnvReport>> {
  const format = options.format ?? 'sh';
  const variables = options.unset ? unsetVariables(context) : await currentVariables(options, context);
  return { data: { format, variables, script: formatVariables(variables, format) }, warnings: [] };
}

async function currentVariables(
  options: EnvOptions,
  context: CommandContext,
): Promise<Partial<Record<VariableName, string>>> {
  await using lookup = await lookUp(options, context);
  const { endpoints, instance } = runningInstance(lookup);
  const access = accessOfLabels(instance.labels);
  return {
    KSERVE_NAME: lookup.name,
    // As clients of gRPC take it, with TLS or without.
    KSERVE_GRPC_ENDPOINT: endpointAddresses(endpoints).grpc,
    KSERVE_HTTP_URL: endpointAddresses(endpoints, access).http,
    ...(access && accessVariables(clientAccess(access), context)),
  };
}

/** Paths, and no secret: a file is not seen by every process that a shell starts, as its variables are. */
function accessVariables(
  access: ClientAccess,
  context: Pick<CommandContext, 'env'>,
): Partial<Record<VariableName, string>> {
  const { caFile, trustFile, serverName, clientCertFile, clientKeyFile, tokenFile } = access;
  return {
    ...(caFile !== undefined && { KSERVE_CA_FILE: caFile }),
    // These take the place of what programs trust, so that they name all of that, too.
    ...(trustFile !== undefined && { SSL_CERT_FILE: trustFile, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: trustFile }),
    // Node adds it to what it trusts; where somebody has added something, that stays.
    ...(caFile !== undefined && { NODE_EXTRA_CA_CERTS: isTheirs('NODE_EXTRA_CA_CERTS', context) ? trustFile : caFile }),
    ...(serverName !== undefined && { KSERVE_SERVER_NAME: serverName }),
    ...(clientCertFile !== undefined && { KSERVE_CLIENT_CERT_FILE: clientCertFile }),
    ...(clientKeyFile !== undefined && { KSERVE_CLIENT_KEY_FILE: clientKeyFile }),
    ...(tokenFile !== undefined && { KSERVE_TOKEN_FILE: tokenFile }),
  };
}

/** Variables that other programs read, too: what others set in them is theirs. */
const shared: readonly VariableName[] = ['SSL_CERT_FILE', 'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH', 'NODE_EXTRA_CA_CERTS'];

function isTheirs(name: VariableName, { env }: Pick<CommandContext, 'env'>): boolean {
  const value = env[name];
  return value !== undefined && value !== '' && !isSecretFile(value);
}

function unsetVariables(context: CommandContext): Record<string, null> {
  const ours = variableNames.filter((name) => !shared.includes(name) || !isTheirs(name, context));
  return Object.fromEntries(ours.map((name) => [name, null]));
}
