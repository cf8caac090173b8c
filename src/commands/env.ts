/** `env`: the endpoints as environment variables, for a shell, a dotenv file or a CI job. */
import { endpointAddresses } from '../environment/spec.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import { lookUp, runningInstance } from './find-environment.js';

export const envFormats = ['sh', 'fish', 'powershell', 'dotenv', 'json', 'github'] as const;
export type EnvFormat = (typeof envFormats)[number];

/** Names without the KSERVE_ENV_ prefix: those configure kserve-env itself, these are for clients. */
const variableNames = ['KSERVE_NAME', 'KSERVE_GRPC_ENDPOINT', 'KSERVE_HTTP_URL'] as const;

export interface EnvOptions extends CommonOptions {
  format?: EnvFormat;
  /** Write what takes the variables away again; needs no running environment. */
  unset?: boolean;
}

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

/** Values hold names and addresses of our own making only, so quoting is for looks; null unsets. */
export function formatVariables(variables: Record<string, string | null>, format: EnvFormat): string {
  const lines = Object.entries(variables).map(([name, value]) => {
    switch (format) {
      case 'sh':
        return value === null ? `unset ${name}` : `export ${name}='${value}'`;
      case 'fish':
        return value === null ? `set -e ${name}` : `set -gx ${name} '${value}'`;
      case 'powershell':
        return value === null ? `Remove-Item Env:${name} -ErrorAction Ignore` : `$Env:${name} = '${value}'`;
      default:
        return `${name}=${value ?? ''}`;
    }
  });
  return format === 'json' ? JSON.stringify(variables, null, 2) : lines.join('\n');
}
