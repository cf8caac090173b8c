/** Environment variables as text for a shell, a file or a CI job. */

/** Shells, files and programs that variables can be written for. */
export const envFormats = ['sh', 'fish', 'powershell', 'dotenv', 'json', 'github'] as const;
export type EnvFormat = (typeof envFormats)[number];

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
