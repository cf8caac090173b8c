/** `env`: the endpoints as environment variables, for a shell, a dotenv file or a CI job. */
import { endpointAddresses } from '../environment/spec.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import { type EnvFormat, formatVariables } from './env-format.js';
import { lookUp, runningInstance } from './find-environment.js';

/** Names without the KSERVE_ENV_ prefix: those configure kserve-env itself, these are for clients. */
const variableNames = ['KSERVE_NAME', 'KSERVE_GRPC_ENDPOINT', 'KSERVE_HTTP_URL'] as const;

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
  const variables = options.unset ? unsetVariables() : await currentVariables(options, context);
  return { data: { format, variables, script: formatVariables(variables, format) }, warnings: [] };
}

async function currentVariables(options: EnvOptions, context: CommandContext): Promise<Record<string, string>> {
  await using lookup = await lookUp(options, context);
  const { grpc, http } = endpointAddresses(runningInstance(lookup).endpoints);
  return { KSERVE_NAME: lookup.name, KSERVE_GRPC_ENDPOINT: grpc, KSERVE_HTTP_URL: http };
}

function unsetVariables(): Record<string, null> {
  return Object.fromEntries(variableNames.map((name) => [name, null]));
}
