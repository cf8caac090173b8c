/** Environment variables as text for a shell, a file or a CI job. */

/** Shells, files and programs that variables can be written for. */
export const envFormats = ['sh', 'fish', 'powershell', 'dotenv', 'json', 'github'] as const;
export type EnvFormat = (typeof envFormats)[number];

/** Values are names, addresses and paths, which may have any character but a line's end; null unsets. */
export function formatVariables(variables: Record<string, string | null>, format: EnvFormat): string {
  const lines = Object.entries(variables).map(([name, value]) => {
    switch (format) {
      case 'sh':
        return value === null ? `unset ${name}` : `export ${name}='${value.replaceAll("'", `'\\''`)}'`;
      case 'fish':
        return value === null ? `set -e ${name}` : `set -gx ${name} '${value.replace(/[\\']/g, '\\$&')}'`;
      case 'powershell':
        return value === null
          ? `Remove-Item Env:${name} -ErrorAction Ignore`
          : `$Env:${name} = '${value.replaceAll("'", "''")}'`;
      case 'dotenv':
        return `${name}=${inDotenv(value ?? '')}`;
      default:
        return `${name}=${value ?? ''}`;
    }
  });
  return format === 'json' ? JSON.stringify(variables, null, 2) : lines.join('\n');
}

/** Not every reader takes quotes off, so that there are some only where a value would be read as another one. */
function inDotenv(value: string): string {
  if (/^[\w./:@%+=,~-]*$/.test(value)) return value;
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}
